#include "stratus/mcu/p256.hpp"

#include "host/p256_key.hpp"
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>

namespace stratus::mcu::p256_test {
namespace {

using host::P256Key;
using host::RawDigest;

RawDigest digest_of(int i) {
  const std::string text = "message " + std::to_string(i);
  return host::raw_sha256(as_bytes(text));
}

bool verify(const P256Key& key, const RawDigest& digest, const Bytes& signature) {
  const auto xy = key.public_xy();
  return p256_verify(xy.data(), digest.data(), signature.data(),
                     static_cast<std::uint32_t>(signature.size()));
}

class McuP256 : public testing::Test {
 protected:
  P256Key key = P256Key::generate().value();
  RawDigest digest = digest_of(0);
  Bytes signature = key.sign(digest).value();
};

TEST_F(McuP256, AcceptsWhatOpenSslSigns) {
  for (int i = 0; i < 200; ++i) {
    if (i % 20 == 0) key = P256Key::generate().value();
    const RawDigest d = digest_of(i);
    ASSERT_TRUE(verify(key, d, key.sign(d).value())) << i;
  }
}

TEST_F(McuP256, RefusesAnotherDigestAndAnotherKey) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(verify(key, digest_of(i + 1), signature));
    EXPECT_FALSE(verify(P256Key::generate().value(), digest, signature));
  }
}

TEST_F(McuP256, RefusesEverySingleBitFlip) {
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    Bytes bad = signature;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    ASSERT_FALSE(verify(key, digest, bad)) << bit;
  }
}

TEST_F(McuP256, RefusesEveryTruncationAndExtraBytes) {
  for (std::size_t size = 0; size < signature.size(); ++size) {
    EXPECT_FALSE(verify(key, digest, Bytes(signature.begin(), signature.begin() + static_cast<long>(size))));
  }
  Bytes longer = signature;
  longer.push_back(0);
  EXPECT_FALSE(verify(key, digest, longer));
}

TEST_F(McuP256, RefusesAKeyOffTheCurve) {
  auto xy = key.public_xy();
  xy[63] ^= 1;
  EXPECT_FALSE(
      p256_verify(xy.data(), digest.data(), signature.data(), static_cast<std::uint32_t>(signature.size())));
  xy.fill(0);
  EXPECT_FALSE(
      p256_verify(xy.data(), digest.data(), signature.data(), static_cast<std::uint32_t>(signature.size())));
}

// DER of (r, s) given as hexadecimal.
Bytes der_of(const char* r, const char* s) {
  BIGNUM *rn = nullptr, *sn = nullptr;
  BN_hex2bn(&rn, r);
  BN_hex2bn(&sn, s);
  ECDSA_SIG* pair = ECDSA_SIG_new();
  ECDSA_SIG_set0(pair, rn, sn);
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(pair, &out);
  Bytes result(out, out + size);
  OPENSSL_free(out);
  ECDSA_SIG_free(pair);
  return result;
}

constexpr char kOrder[] = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";

TEST_F(McuP256, RefusesNumbersOutOfRange) {
  for (const char* bad : {"0", kOrder, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632552",
                          "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"}) {
    EXPECT_FALSE(verify(key, digest, der_of(bad, "1"))) << bad;
    EXPECT_FALSE(verify(key, digest, der_of("1", bad))) << bad;
  }
}

// With digest 0 and r = x(Q), s = r the sum is Q itself (u1 = 0, u2 = 1): a path random signatures never
// take.
TEST_F(McuP256, HandlesAZeroDigest) {
  const auto xy = key.public_xy();
  const Bytes x(xy.begin(), xy.begin() + 32);
  const std::string hex = to_hex(x);
  EXPECT_TRUE(verify(key, RawDigest{}, der_of(hex.c_str(), hex.c_str())));
}

// Key = the generator itself: G + Q in the table is a doubling, not an addition.
TEST_F(McuP256, HandlesTheGeneratorAsKey) {
  const auto xy = *from_hex(
      "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
  // Private key 1, nonce 1: r = x(G), s = digest + r mod n.
  BIGNUM *r = nullptr, *order = nullptr, *s = BN_bin2bn(digest.data(), 32, nullptr);
  BN_hex2bn(&r, "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
  BN_hex2bn(&order, kOrder);
  BN_CTX* context = BN_CTX_new();
  BN_mod_add(s, s, r, order, context);
  char* hex = BN_bn2hex(s);
  const Bytes good = der_of("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296", hex);
  EXPECT_TRUE(p256_verify(xy.data(), digest.data(), good.data(), static_cast<std::uint32_t>(good.size())));
  OPENSSL_free(hex);
  BN_free(r);
  BN_free(s);
  BN_free(order);
  BN_CTX_free(context);
}

}  // namespace
}  // namespace stratus::mcu::p256_test
