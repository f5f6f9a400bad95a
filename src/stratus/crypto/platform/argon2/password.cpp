#include "stratus/crypto/password.hpp"

#include <array>

#include <argon2.h>

#include "stratus/base/random.hpp"

namespace stratus::crypto {
namespace {

// OWASP's second recommendation: 19 MiB, two passes, one lane.
constexpr std::uint32_t kMemoryKib = 19'456;
constexpr std::uint32_t kPasses = 2;
constexpr std::uint32_t kLanes = 1;
constexpr std::size_t kHash = 32;  // bytes

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  std::array<std::uint8_t, 16> salt{};
  fill_random(salt);
  std::array<char, 256> encoded{};
  const int done = ::argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(),
                                           salt.data(), salt.size(), kHash, encoded.data(), encoded.size());
  if (done == ARGON2_MEMORY_ALLOCATION_ERROR)
    return fail(ErrorCode::no_space, "no memory to hash a password");
  if (done != ARGON2_OK)
    return fail(ErrorCode::internal, std::string("hash a password: ") + ::argon2_error_message(done));
  return std::string(encoded.data());
}

bool password_matches(std::string_view password, const std::string& encoded) {
  return ::argon2id_verify(encoded.c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace stratus::crypto
