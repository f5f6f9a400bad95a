#include "stratus/crypto/url_signer.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"

namespace stratus::crypto {

Result<UrlSigner> UrlSigner::load_or_make(const std::filesystem::path& file) {
  auto text = read_file(file, kSecret + 1);
  if (text && text->size() == kSecret) {
    const BytesView secret = as_bytes(*text);
    return UrlSigner(Bytes(secret.begin(), secret.end()));
  }
  if (text)
    return fail(ErrorCode::corrupt, file.string() + " is no secret of 32 bytes: remove it to get a new one");
  if (text.error().code() != ErrorCode::not_found) return forward_error(std::move(text));
  Bytes secret(kSecret);
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1) {
    return fail(ErrorCode::internal, "the system gives no random bytes");
  }
  STRATUS_CHECK(write_file_atomically(file, as_text(secret), 0600));
  return UrlSigner(std::move(secret));
}

std::string UrlSigner::sign(std::string_view method, std::string_view path, std::int64_t expires_s) const {
  const std::string text = fmt::format("{}\n{}\n{}", method, path, expires_s);
  std::array<std::uint8_t, 32> mac{};
  unsigned size = mac.size();
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  std::string encoded = to_base64(mac);
  encoded.resize(43);  // without the padding
  std::replace(encoded.begin(), encoded.end(), '+', '-');
  std::replace(encoded.begin(), encoded.end(), '/', '_');
  return encoded;
}

std::string UrlSigner::signed_path(std::string_view method, std::string_view path,
                                   std::int64_t expires_s) const {
  return fmt::format("{}?expires={}&signature={}", path, expires_s, sign(method, path, expires_s));
}

Result<void> UrlSigner::verify(std::string_view method, std::string_view path, std::int64_t expires_s,
                               std::string_view signature, std::int64_t now_s) const {
  const std::string right = sign(method, path, expires_s);
  if (signature.size() != right.size() || CRYPTO_memcmp(signature.data(), right.data(), right.size()) != 0) {
    return fail(ErrorCode::denied, "this link was not made by this server, or not for this", "link_invalid");
  }
  if (now_s > expires_s)
    return fail(ErrorCode::denied, "this link has expired: ask for a new one", "link_expired");
  return {};
}

}  // namespace stratus::crypto
