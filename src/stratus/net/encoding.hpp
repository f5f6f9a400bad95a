// Content-Encoding br for small JSON answers (RFC 7932): computed once per distinct body.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "stratus/base/result.hpp"

namespace stratus::net {

// nullopt when it would not become smaller.
std::optional<std::string> brotli_compress(std::string_view text);
// `no_space` when the text would exceed `limit`, `corrupt` when it is not brotli.
Result<std::string> brotli_decompress(std::string_view data, std::size_t limit);

// The last answers and their encoded form, at most 1 MiB of them. A fleet asks the same question again and
// again, and the best quality costs milliseconds. Not thread-safe.
class BrotliCache {
 public:
  // Empty: leave the body as it is. The reference lives until the next call.
  const std::string& encode(const std::string& body);
  // The encoded form if it is known, else null; what `encode` would keep. As long-lived as its reference.
  const std::string* find(const std::string& body);
  const std::string& put(const std::string& body, std::string encoded);

 private:
  struct Entry {
    std::string body;
    std::string encoded;
  };
  std::list<Entry> entries_;  // newest first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_body_;
  std::size_t bytes_ = 0;
};

}  // namespace stratus::net
