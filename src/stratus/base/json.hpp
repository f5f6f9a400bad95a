// Strict JSON reading shared by every codec of messages and manifests: bounded size and depth, no duplicate
// keys, typed access that names the path of what is wrong ("deltas[2].size: not a whole number").
//
// Only .cpp files include this header; it is the one place where Boost.JSON is set up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"

namespace stratus {

// UTF-8 JSON text of at most `limit` bytes and 32 levels; an object that names a key twice is `invalid`,
// because two readers could disagree about which of the values counts.
Result<boost::json::value> parse_json(std::string_view text, std::size_t limit);

// Reads members of one object. The first thing that is missing or of the wrong type is kept as the error,
// later reads answer defaults, so a codec reads all its fields and asks once.
class ObjectReader {
 public:
  // `path` is for messages; both must outlive the reader.
  ObjectReader(const boost::json::value& value, std::string path);

  std::string text(std::string_view key, std::size_t max_length);           // required
  std::string optional_text(std::string_view key, std::size_t max_length);  // "" when absent
  std::uint64_t number(std::string_view key);                               // required, 0 … 2^63-1
  std::uint64_t optional_number(std::string_view key, std::uint64_t otherwise);
  Digest digest(std::string_view key);           // required
  Digest optional_digest(std::string_view key);  // empty when absent
  Bytes base64(std::string_view key, std::size_t max_length);
  // The array under `key`, at most `max_count` long; an empty one when absent.
  const boost::json::array& optional_array(std::string_view key, std::size_t max_count);

  void reject(std::string_view key, std::string_view why);
  // The first error, or success. Unknown members are fine: a newer peer may say more.
  Result<void> done() const;
  std::string path_of(std::string_view key) const;

 private:
  const boost::json::value* find(std::string_view key, bool required);

  const boost::json::object* object_ = nullptr;
  std::string path_;
  std::string problem_;
};

}  // namespace stratus
