// HTTP/1.1 heads as values (RFC 9110, RFC 9112), shared by server and client.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stratus/crypto/certificate_info.hpp"

namespace stratus::net {

// Names compare without case; at most a handful of fields, so a vector.
class Headers {
 public:
  void set(std::string name, std::string value);  // replaces
  void add(std::string name, std::string value);
  std::optional<std::string_view> get(std::string_view name) const;  // the first
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct RequestHead {
  std::string method;  // "GET"
  std::string target;  // as sent: "/v2/a%20b?x=1"
  std::string path;    // before '?', still percent-encoded
  Headers headers;
  std::optional<std::uint64_t> content_length;
  std::string peer_address;  // "127.0.0.1:41234"
  bool secure = false;       // came over TLS
  // Who the peer proved to be in the TLS handshake; null without a client certificate. Its chain was
  // verified, but it may have expired: an expired certificate is good for renewing itself, and for nothing
  // else.
  std::shared_ptr<const crypto::CertificateInfo> peer_certificate;

  // The decoded value of a query parameter; nullopt when absent or badly encoded.
  std::optional<std::string> query(std::string_view name) const;
};

struct ResponseHead {
  int status = 200;
  Headers headers;
};

// One range "bytes=a-b", "bytes=a-" or "bytes=-n" against a body of `size` bytes.
struct ByteRange {
  std::uint64_t first;
  std::uint64_t length;
};
enum class RangeVerdict : std::uint8_t { whole, partial, unsatisfiable };
// Several ranges, or a unit other than bytes, count as `whole`, as RFC 9110 section 14.2 allows.
RangeVerdict parse_range(std::optional<std::string_view> field, std::uint64_t size, ByteRange& out);

// ASCII case does not matter.
bool same_name(std::string_view a, std::string_view b);
// Whether a comma-separated field such as Accept-Encoding or Connection holds `token`, not refused by q=0.
bool list_contains(std::string_view list, std::string_view token);

// nullopt on a bad escape or an embedded NUL.
std::optional<std::string> percent_decode(std::string_view text);
std::string percent_encode(std::string_view text);  // everything but unreserved characters

}  // namespace stratus::net
