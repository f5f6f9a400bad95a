#include "stratus/mcu/sha256.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace stratus::mcu::sha256_test {
namespace {

TEST(McuSha256, EqualsOpenSslForEveryLengthAroundTheBlocksAndEverySplit) {
  std::vector<std::uint8_t> data(300);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 31 + 7);
  for (std::size_t size = 0; size <= data.size(); ++size) {
    std::uint8_t expected[32], actual[32];
    EVP_Digest(data.data(), size, expected, nullptr, EVP_sha256(), nullptr);
    Sha256 hash;
    hash.begin();
    const std::size_t first = size / 3;
    hash.add(data.data(), static_cast<std::uint32_t>(first));
    hash.add(data.data() + first, static_cast<std::uint32_t>(size - first));
    hash.end(actual);
    ASSERT_EQ(std::string(expected, expected + 32), std::string(actual, actual + 32)) << size;
  }
}

TEST(McuSha256, HashesMegabytes) {
  const std::vector<std::uint8_t> data(9 << 20, 0x5a);
  std::uint8_t expected[32], actual[32];
  EVP_Digest(data.data(), data.size(), expected, nullptr, EVP_sha256(), nullptr);
  Sha256 hash;
  hash.begin();
  hash.add(data.data(), static_cast<std::uint32_t>(data.size()));
  hash.end(actual);
  EXPECT_EQ(std::string(expected, expected + 32), std::string(actual, actual + 32));
}

}  // namespace
}  // namespace stratus::mcu::sha256_test
