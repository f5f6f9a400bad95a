// Signatures of the kinds that broken verifiers get wrong, made here and judged by OpenSSL as well: edge
// scalars, sums that are the point at infinity, doublings, x coordinates above the order, encodings that are
// not DER.
#include <functional>
#include <memory>

#include "host/p256_key.hpp"
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

#include "stratus/mcu/p256.hpp"

// EC_KEY is deprecated in OpenSSL 3, and the only way to judge a key that nobody made.
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace stratus::mcu::p256_vectors_test {
namespace {

using Raw = std::array<std::uint8_t, 32>;

struct Free {
  void operator()(BIGNUM* n) const { BN_free(n); }
  void operator()(EC_POINT* p) const { EC_POINT_free(p); }
  void operator()(EC_KEY* k) const { EC_KEY_free(k); }
};
using Number = std::unique_ptr<BIGNUM, Free>;
using Point = std::unique_ptr<EC_POINT, Free>;

struct Curve {
  EC_GROUP* group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  BN_CTX* context = BN_CTX_new();
  const BIGNUM* n = EC_GROUP_get0_order(group);
  ~Curve() {
    BN_CTX_free(context);
    EC_GROUP_free(group);
  }

  static Number number(unsigned long value) {
    Number made(BN_new());
    BN_set_word(made.get(), value);
    return made;
  }
  Number minus(unsigned long value) const {  // n - value
    Number made(BN_dup(n));
    BN_sub_word(made.get(), value);
    return made;
  }
  Number random() const {
    Number made(BN_new());
    do BN_rand_range(made.get(), n);
    while (BN_is_zero(made.get()));
    return made;
  }
  Number of(const Raw& bytes) const { return Number(BN_bin2bn(bytes.data(), 32, nullptr)); }
  Number add(const Number& a, const Number& b) const {
    Number made(BN_new());
    BN_mod_add(made.get(), a.get(), b.get(), n, context);
    return made;
  }
  Number multiply(const Number& a, const Number& b) const {
    Number made(BN_new());
    BN_mod_mul(made.get(), a.get(), b.get(), n, context);
    return made;
  }
  Number inverse(const Number& a) const { return Number(BN_mod_inverse(nullptr, a.get(), n, context)); }
  Number negative(const Number& a) const {
    Number made(BN_new());
    BN_mod_sub(made.get(), Curve::number(0).get(), a.get(), n, context);
    return made;
  }
  // g G + q P; P may be null.
  Point point(const Number& g, const EC_POINT* p = nullptr, const BIGNUM* q = nullptr) const {
    Point made(EC_POINT_new(group));
    EC_POINT_mul(group, made.get(), g.get(), p, q, context);
    return made;
  }
  Number x_mod_order(const Point& p) const {
    Number x(BN_new());
    EC_POINT_get_affine_coordinates(group, p.get(), x.get(), nullptr, context);
    BN_nnmod(x.get(), x.get(), n, context);
    return x;
  }
};

struct Signature {
  Bytes der;
  Signature(const Number& r, const Number& s) {
    ECDSA_SIG* const pair = ECDSA_SIG_new();
    ECDSA_SIG_set0(pair, BN_dup(r.get()), BN_dup(s.get()));
    unsigned char* out = nullptr;
    const int size = i2d_ECDSA_SIG(pair, &out);
    der.assign(out, out + size);
    OPENSSL_free(out);
    ECDSA_SIG_free(pair);
  }
};

class McuP256Vectors : public testing::Test {
 protected:
  Curve c;
  Raw digest = host::raw_sha256(as_bytes(std::string_view("a firmware image")));

  // What ours says; fails the test where OpenSSL says otherwise.
  bool judged(const Point& key, const Bytes& der) const {
    std::array<std::uint8_t, 65> xy{};
    EXPECT_EQ(EC_POINT_point2oct(c.group, key.get(), POINT_CONVERSION_UNCOMPRESSED, xy.data(), 65, c.context),
              65u);
    const bool ours =
        p256_verify(xy.data() + 1, digest.data(), der.data(), static_cast<std::uint32_t>(der.size()));
    const std::unique_ptr<EC_KEY, Free> theirs(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
    EC_KEY_set_public_key(theirs.get(), key.get());
    EXPECT_EQ(ours, ECDSA_verify(0, digest.data(), 32, der.data(), static_cast<int>(der.size()),
                                 theirs.get()) == 1);
    return ours;
  }
  // By private key d and nonce k.
  Signature sign(const Number& d, const Number& k) const {
    const Number r = c.x_mod_order(c.point(k));
    return {r, c.multiply(c.inverse(k), c.add(c.of(digest), c.multiply(r, d)))};
  }
};

TEST_F(McuP256Vectors, AcceptsEdgeScalarsAsKeyAndAsNonce) {
  std::vector<Number> edges;
  for (unsigned long value : {1ul, 2ul, 3ul, 0xfffffffful}) edges.push_back(c.number(value));
  for (unsigned long value : {1ul, 2ul, 3ul}) edges.push_back(c.minus(value));
  for (int bit : {32, 64, 96, 224, 255}) {
    edges.push_back(c.number(0));
    BN_set_bit(edges.back().get(), bit);
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {  // each with itself and with another
    for (std::size_t j : {i, (i + 5) % edges.size()})
      EXPECT_TRUE(judged(c.point(edges[i]), sign(edges[i], edges[j]).der));
  }
}

TEST_F(McuP256Vectors, AcceptsDigestsAtTheEdges) {
  const Number d = c.random(), k = c.random();
  Raw order{};
  BN_bn2binpad(c.n, order.data(), 32);
  for (int step = -1; step <= 1; ++step) {
    digest = order;
    digest[31] = static_cast<std::uint8_t>(digest[31] + step);
    EXPECT_TRUE(judged(c.point(d), sign(d, k).der)) << step;
  }
  for (std::uint8_t byte : {std::uint8_t{0}, std::uint8_t{0xff}}) {
    digest.fill(byte);
    EXPECT_TRUE(judged(c.point(d), sign(d, k).der)) << int{byte};
  }
}

// u1 G + u2 Q with Q = -(e / r) G: nothing is left, whatever s.
TEST_F(McuP256Vectors, RefusesASumAtInfinity) {
  const Number r = c.random(), e = c.of(digest);
  const Point key = c.point(c.negative(c.multiply(e, c.inverse(r))));
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(judged(key, Signature(r, c.random()).der));
}

// Q = (e / r) G: both halves of the sum are the same point, which a formula for different points gets wrong.
TEST_F(McuP256Vectors, AcceptsASumOfTwoEqualHalves) {
  for (int i = 0; i < 8; ++i) {
    const Number k = c.random(), r = c.x_mod_order(c.point(k));
    const Number d = c.multiply(c.of(digest), c.inverse(r));
    EXPECT_TRUE(judged(c.point(d), sign(d, k).der));
  }
}

// The x of R lies between the order and the field's prime, so r = x - n: one in 2^128 by chance, made here by
// choosing R first and the key that fits.
TEST_F(McuP256Vectors, AcceptsAnRThatWasReduced) {
  int found = 0;
  for (unsigned long above = 1; found < 4 && above < 64; ++above) {
    Number x(BN_dup(c.n));
    BN_add_word(x.get(), above);
    Point big(EC_POINT_new(c.group));
    if (EC_POINT_set_compressed_coordinates(c.group, big.get(), x.get(), 0, c.context) != 1) continue;
    const Number r = c.number(above), s = c.random(), inverse = c.inverse(r);
    const Number g = c.negative(c.multiply(c.of(digest), inverse)), q = c.multiply(s, inverse);
    const Point key = c.point(g, big.get(), q.get());  // (s R - e G) / r
    EXPECT_TRUE(judged(key, Signature(r, s).der)) << above;
    EXPECT_FALSE(judged(key, Signature(c.number(above + 1), s).der)) << above;
    ++found;
  }
  EXPECT_EQ(found, 4);
}

// (r, n - s) is the same signature once more: ECDSA has it so, and nothing of ours names an image by its
// signature.
TEST_F(McuP256Vectors, AcceptsTheMirroredS) {
  const Number d = c.random(), k = c.random(), r = c.x_mod_order(c.point(k));
  const Number s = c.multiply(c.inverse(k), c.add(c.of(digest), c.multiply(r, d)));
  EXPECT_TRUE(judged(c.point(d), Signature(r, c.negative(s)).der));
}

TEST_F(McuP256Vectors, RefusesKeysThatAreNoPoints) {
  const Number d = c.random();
  const Bytes der = sign(d, c.random()).der;
  std::array<std::uint8_t, 64> key{};
  const auto refused = [&] {
    return !p256_verify(key.data(), digest.data(), der.data(), static_cast<std::uint32_t>(der.size()));
  };
  // x = 0 is on the curve; the same written as the prime itself is no coordinate.
  Number zero = c.number(0), prime(BN_new()), y(BN_new());
  Point point(EC_POINT_new(c.group));
  ASSERT_EQ(EC_POINT_set_compressed_coordinates(c.group, point.get(), zero.get(), 0, c.context), 1);
  EXPECT_FALSE(judged(point, der));
  EC_POINT_get_affine_coordinates(c.group, point.get(), nullptr, y.get(), c.context);
  EC_GROUP_get_curve(c.group, prime.get(), nullptr, nullptr, c.context);
  BN_bn2binpad(prime.get(), key.data(), 32);
  BN_bn2binpad(y.get(), key.data() + 32, 32);
  EXPECT_TRUE(refused());
  for (std::uint8_t byte : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{0xff}}) {
    key.fill(byte);
    EXPECT_TRUE(refused()) << int{byte};
  }
}

// The good signature in encodings that some readers take: only the one that DER allows counts.
TEST_F(McuP256Vectors, RefusesEverythingThatIsNotDer) {
  const Number d = c.random();
  const Point key = c.point(d);
  Bytes good = sign(d, c.random()).der;
  while (good[3] != 32) good = sign(d, c.random()).der;  // r without a leading zero
  std::array<std::uint8_t, 65> xy{};
  EC_POINT_point2oct(c.group, key.get(), POINT_CONVERSION_UNCOMPRESSED, xy.data(), 65, c.context);
  const auto refused = [&](const Bytes& der) {
    return !p256_verify(xy.data() + 1, digest.data(), der.data(), static_cast<std::uint32_t>(der.size()));
  };
  ASSERT_FALSE(refused(good));
  const auto changed = [&](const std::function<void(Bytes&)>& change) {
    Bytes copy = good;
    change(copy);
    return copy;
  };
  const auto insert = [](Bytes& to, long at, std::initializer_list<std::uint8_t> what) {
    to.insert(to.begin() + at, what);
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused(changed([&](Bytes& b) { insert(b, 1, {0x81}); }))) << "length in long form";
  EXPECT_TRUE(refused(changed([&](Bytes& b) { insert(b, 3, {0x81}), ++b[1]; })))
      << "length of r in long form";
  EXPECT_TRUE(refused(changed([&](Bytes& b) { insert(b, 4, {0}), ++b[1], ++b[3]; }))) << "zero before r";
  EXPECT_TRUE(refused(changed([&](Bytes& b) {
    b[1] = 0x80, insert(b, static_cast<long>(b.size()), {0, 0});
  }))) << "indefinite";
  EXPECT_TRUE(refused(changed([&](Bytes& b) {
    insert(b, static_cast<long>(b.size()), {5, 0}), b[1] = static_cast<std::uint8_t>(b[1] + 2);
  }))) << "a third element";
  EXPECT_TRUE(refused(changed([](Bytes& b) { b[0] = 0x31; }))) << "a set";
  EXPECT_TRUE(refused(changed([](Bytes& b) { b[2] = 0x03; }))) << "a bit string";
  EXPECT_TRUE(refused(changed([](Bytes& b) { b[4] |= 0x80; }))) << "negative";
  EXPECT_TRUE(refused({0x30, 4, 2, 0, 2, 0})) << "empty numbers";
  EXPECT_TRUE(refused({0x30, 6, 2, 1, 0, 2, 1, 0})) << "zeros";
}

TEST_F(McuP256Vectors, AgreesWithOpenSslAboutRandomNumbers) {
  for (int i = 0; i < 20; ++i) {
    const Number d = c.random();
    EXPECT_TRUE(judged(c.point(d), sign(d, c.random()).der));
    EXPECT_FALSE(judged(c.point(d), Signature(c.random(), c.random()).der));
  }
}

}  // namespace
}  // namespace stratus::mcu::p256_vectors_test
