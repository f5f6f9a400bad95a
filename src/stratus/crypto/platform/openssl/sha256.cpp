// OpenSSL's low-level calls, deprecated since 3.0 yet kept: the EVP ones first load a provider with hundreds
// of algorithms, which costs a program that only hashes 2 MB of resident memory and 3 ms
// (docs/numbers/swap.md).
#define OPENSSL_SUPPRESS_DEPRECATED

#include "stratus/crypto/sha256.hpp"

#include <openssl/sha.h>

namespace stratus {

struct Sha256::Impl {
  SHA256_CTX context;
  Impl() { SHA256_Init(&context); }  // cannot fail, nor can the others
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(BytesView data) { SHA256_Update(&impl_->context, data.data(), data.size()); }

Digest Sha256::finish() {
  std::array<std::uint8_t, Digest::kSize> out{};
  SHA256_Final(out.data(), &impl_->context);
  return Digest(out);
}

Digest Sha256::peek() const {
  SHA256_CTX copy = impl_->context;
  std::array<std::uint8_t, Digest::kSize> out{};
  SHA256_Final(out.data(), &copy);
  return Digest(out);
}

Digest sha256(BytesView data) {
  Sha256 hash;
  hash.update(data);
  return hash.finish();
}

}  // namespace stratus
