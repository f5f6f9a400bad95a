#include "stratus/agent/spare_directory.hpp"

#include "stratus/crypto/sha256.hpp"

namespace stratus::agent {

namespace fs = std::filesystem;

fs::path spare_directory(const fs::path& data) {
  std::error_code error;
  const fs::path whole = fs::absolute(data, error).lexically_normal();
  return fs::path("/run/stratus-agent") / sha256((error ? data : whole).native()).hex().substr(0, 16);
}

}  // namespace stratus::agent
