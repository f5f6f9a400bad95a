// Addresses that carry their own permission for a short time (B5, B69, D17): whoever holds one may do what
// its method and path say until it expires, and nothing else. HMAC-SHA-256 (RFC 2104) over method, path and
// time under a secret of the server. Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus::crypto {

class UrlSigner {
 public:
  static constexpr std::size_t kSecret = 32;  // bytes

  // The secret in `file` (0600), made when it is not there.
  static Result<UrlSigner> load_or_make(const std::filesystem::path& file);
  explicit UrlSigner(Bytes secret) : secret_(std::move(secret)) {}

  // 43 characters, URL-safe. `expires_s`: seconds since 1970.
  std::string sign(std::string_view method, std::string_view path, std::int64_t expires_s) const;
  // `path` with "?expires=…&signature=…" behind it.
  std::string signed_path(std::string_view method, std::string_view path, std::int64_t expires_s) const;
  // `denied` (reason "link_expired" or "link_invalid") unless this signer made `signature` for exactly these,
  // in constant time, and `now_s` is not past `expires_s`.
  Result<void> verify(std::string_view method, std::string_view path, std::int64_t expires_s,
                      std::string_view signature, std::int64_t now_s) const;

 private:
  Bytes secret_;
};

}  // namespace stratus::crypto
