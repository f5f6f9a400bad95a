#include "stratus/crypto/sha256.hpp"

#include <new>

#include <openssl/evp.h>

namespace stratus {

struct Sha256::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  // Allocation is the only way these calls fail with a fixed algorithm.
  Impl() {
    if (context == nullptr || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  }
  ~Impl() { EVP_MD_CTX_free(context); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(BytesView data) { EVP_DigestUpdate(impl_->context, data.data(), data.size()); }

Digest Sha256::finish() {
  std::array<std::uint8_t, Digest::kSize> out{};
  EVP_DigestFinal_ex(impl_->context, out.data(), nullptr);
  return Digest(out);
}

Digest Sha256::peek() const {
  Impl copy;
  EVP_MD_CTX_copy_ex(copy.context, impl_->context);
  std::array<std::uint8_t, Digest::kSize> out{};
  EVP_DigestFinal_ex(copy.context, out.data(), nullptr);
  return Digest(out);
}

Digest sha256(BytesView data) {
  Sha256 hash;
  hash.update(data);
  return hash.finish();
}

}  // namespace stratus
