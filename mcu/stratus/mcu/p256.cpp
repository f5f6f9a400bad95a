#include "stratus/mcu/p256.hpp"

#include "stratus/mcu/bytes.hpp"

// Little-endian limbs of 32 bits, Montgomery form (R = 2^256), Jacobian points (x/z^2, y/z^3), curve y^2 =
// x^3 - 3x + b. Everything here is public (key, digest, signature), so nothing has to run in constant time.
namespace stratus::mcu {
namespace {

struct Number {
  uint32_t limb[8];
};

struct Modulus {
  Number m;
  Number r2;         // R^2 mod m
  uint32_t inverse;  // -1/m mod 2^32
};

constexpr Modulus kField = {
    {{0xffffffff, 0xffffffff, 0xffffffff, 0x00000000, 0x00000000, 0x00000000, 0x00000001, 0xffffffff}},
    {{0x00000003, 0x00000000, 0xffffffff, 0xfffffffb, 0xfffffffe, 0xffffffff, 0xfffffffd, 0x00000004}},
    0x00000001};
constexpr Modulus kOrder = {
    {{0xfc632551, 0xf3b9cac2, 0xa7179e84, 0xbce6faad, 0xffffffff, 0xffffffff, 0x00000000, 0xffffffff}},
    {{0xbe79eea2, 0x83244c95, 0x49bd6fa6, 0x4699799c, 0x2b6bec59, 0x2845b239, 0xf3d95620, 0x66e12d94}},
    0xee00bc4f};
constexpr Number kB = {
    {0x27d2604b, 0x3bce3c3e, 0xcc53b0f6, 0x651d06b0, 0x769886bc, 0xb3ebbd55, 0xaa3a93e7, 0x5ac635d8}};
constexpr Number kGx = {
    {0xd898c296, 0xf4a13945, 0x2deb33a0, 0x77037d81, 0x63a440f2, 0xf8bce6e5, 0xe12c4247, 0x6b17d1f2}};
constexpr Number kGy = {
    {0x37bf51f5, 0xcbb64068, 0x6b315ece, 0x2bce3357, 0x7c0f9e16, 0x8ee7eb4a, 0xfe1a7f9b, 0x4fe342e2}};
constexpr Number kOne = {{1, 0, 0, 0, 0, 0, 0, 0}};

struct Point {
  Number x, y, z;  // z = 0: the point at infinity
};

bool is_zero(const Number& a) {
  uint32_t all = 0;
  for (uint32_t limb : a.limb) all |= limb;
  return all == 0;
}

bool equal(const Number& a, const Number& b) { return memcmp(&a, &b, sizeof a) == 0; }

// r = a + b or a - b; the carry or borrow out.
uint32_t add_raw(Number& r, const Number& a, const Number& b) {
  uint64_t carry = 0;
  for (int i = 0; i < 8; ++i) {
    carry += static_cast<uint64_t>(a.limb[i]) + b.limb[i];
    r.limb[i] = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  return static_cast<uint32_t>(carry);
}

uint32_t sub_raw(Number& r, const Number& a, const Number& b) {
  uint32_t borrow = 0;
  for (int i = 0; i < 8; ++i) {
    const uint64_t d = static_cast<uint64_t>(a.limb[i]) - b.limb[i] - borrow;
    r.limb[i] = static_cast<uint32_t>(d);
    borrow = static_cast<uint32_t>(d >> 63);
  }
  return borrow;
}

bool less(const Number& a, const Number& b) {
  Number ignored;
  return sub_raw(ignored, a, b) != 0;
}

void add(Number& r, const Number& a, const Number& b, const Modulus& mod) {
  const uint32_t carry = add_raw(r, a, b);
  if (carry != 0 || !less(r, mod.m)) sub_raw(r, r, mod.m);
}

void sub(Number& r, const Number& a, const Number& b, const Modulus& mod) {
  if (sub_raw(r, a, b) != 0) add_raw(r, r, mod.m);
}

// r = a * b / R mod m; r may be a or b.
void multiply(Number& r, const Number& a, const Number& b, const Modulus& mod) {
  uint32_t t[10] = {};
  for (int i = 0; i < 8; ++i) {
    uint64_t carry = 0;
    for (int j = 0; j < 8; ++j) {
      carry += static_cast<uint64_t>(a.limb[i]) * b.limb[j] + t[j];
      t[j] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    carry += t[8];
    t[8] = static_cast<uint32_t>(carry);
    t[9] = static_cast<uint32_t>(carry >> 32);
    const uint32_t q = t[0] * mod.inverse;
    carry = (static_cast<uint64_t>(q) * mod.m.limb[0] + t[0]) >> 32;
    for (int j = 1; j < 8; ++j) {
      carry += static_cast<uint64_t>(q) * mod.m.limb[j] + t[j];
      t[j - 1] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    carry += t[8];
    t[7] = static_cast<uint32_t>(carry);
    t[8] = t[9] + static_cast<uint32_t>(carry >> 32);
  }
  memcpy(&r, t, sizeof r);
  if (t[8] != 0 || !less(r, mod.m)) sub_raw(r, r, mod.m);
}

inline void mul(Number& r, const Number& a, const Number& b) { multiply(r, a, b, kField); }
inline void to_field(Number& r, const Number& a) { multiply(r, a, kField.r2, kField); }

// r = 1/a mod the order, in and out in Montgomery form: a^(n-2) (Fermat).
void invert_order(Number& r, const Number& a) {
  Number exponent = kOrder.m;
  exponent.limb[0] -= 2;
  Number power;
  multiply(power, kOne, kOrder.r2, kOrder);
  for (int bit = 255; bit >= 0; --bit) {
    multiply(power, power, power, kOrder);
    if ((exponent.limb[bit / 32] >> (bit % 32) & 1) != 0) multiply(power, power, a, kOrder);
  }
  r = power;
}

void twice(Point& p) {
  if (is_zero(p.z)) return;
  Number delta, gamma, beta, alpha, t;
  mul(delta, p.z, p.z);
  mul(gamma, p.y, p.y);
  mul(beta, p.x, gamma);
  sub(t, p.x, delta, kField);
  add(alpha, p.x, delta, kField);
  mul(alpha, alpha, t);
  add(t, alpha, alpha, kField);
  add(alpha, alpha, t, kField);  // 3 (x - delta)(x + delta)
  add(p.z, p.y, p.z, kField);
  mul(p.z, p.z, p.z);
  sub(p.z, p.z, gamma, kField);
  sub(p.z, p.z, delta, kField);
  add(beta, beta, beta, kField);
  add(beta, beta, beta, kField);  // 4 beta
  mul(p.x, alpha, alpha);
  sub(p.x, p.x, beta, kField);
  sub(p.x, p.x, beta, kField);
  sub(t, beta, p.x, kField);
  mul(p.y, alpha, t);
  mul(gamma, gamma, gamma);
  for (int i = 0; i < 3; ++i) add(gamma, gamma, gamma, kField);
  sub(p.y, p.y, gamma, kField);
}

// p += q. All special cases: either at infinity, equal, opposite.
void add_point(Point& p, const Point& q) {
  if (is_zero(q.z)) return;
  if (is_zero(p.z)) {
    p = q;
    return;
  }
  Number zz1, zz2, u1, u2, s1, s2, h, r;
  mul(zz1, p.z, p.z);
  mul(zz2, q.z, q.z);
  mul(u1, p.x, zz2);
  mul(u2, q.x, zz1);
  mul(s1, p.y, q.z);
  mul(s1, s1, zz2);
  mul(s2, q.y, p.z);
  mul(s2, s2, zz1);
  sub(h, u2, u1, kField);
  sub(r, s2, s1, kField);
  if (is_zero(h)) {
    if (is_zero(r)) {
      twice(p);
    } else {
      memset(&p, 0, sizeof p);
    }
    return;
  }
  mul(p.z, p.z, q.z);
  mul(p.z, p.z, h);
  mul(zz1, h, h);
  mul(u1, u1, zz1);  // u1 h^2
  mul(zz1, zz1, h);  // h^3
  mul(p.x, r, r);
  sub(p.x, p.x, zz1, kField);
  sub(p.x, p.x, u1, kField);
  sub(p.x, p.x, u1, kField);
  sub(u1, u1, p.x, kField);
  mul(p.y, r, u1);
  mul(s1, s1, zz1);
  sub(p.y, p.y, s1, kField);
}

void load(Number& r, const uint8_t big[32]) {
  for (int i = 0; i < 8; ++i) {
    const uint8_t* p = big + 28 - 4 * i;
    r.limb[i] = static_cast<uint32_t>(p[0]) << 24 | static_cast<uint32_t>(p[1]) << 16 |
                static_cast<uint32_t>(p[2]) << 8 | p[3];
  }
}

// The public key as a point in Montgomery form; false if it is not on the curve.
bool load_key(Point& q, const uint8_t key[64]) {
  Number x, y, left, right, b;
  load(x, key);
  load(y, key + 32);
  if (!less(x, kField.m) || !less(y, kField.m)) return false;
  to_field(q.x, x);
  to_field(q.y, y);
  to_field(q.z, kOne);
  mul(left, q.y, q.y);
  mul(right, q.x, q.x);
  mul(right, right, q.x);
  for (int i = 0; i < 3; ++i) sub(right, right, q.x, kField);
  to_field(b, kB);
  add(right, right, b, kField);
  return equal(left, right);
}

// One DER INTEGER, minimal and positive, at most 32 bytes: into `out`, and past it.
bool take_integer(const uint8_t*& at, const uint8_t* end, Number& out) {
  if (end - at < 3 || at[0] != 0x02) return false;
  uint32_t size = at[1];
  at += 2;
  if (size == 0 || size > 33 || size > static_cast<uint32_t>(end - at)) return false;
  if ((at[0] & 0x80) != 0) return false;
  if (at[0] == 0) {
    if (size == 1 || (at[1] & 0x80) == 0) return false;  // zero, or padded without need
    ++at;
    --size;
  }
  if (size > 32) return false;
  uint8_t big[32] = {};
  memcpy(big + 32 - size, at, size);
  at += size;
  load(out, big);
  return true;
}

bool usable(const Number& v) { return !is_zero(v) && less(v, kOrder.m); }

}  // namespace

bool p256_verify(const uint8_t key[64], const uint8_t digest[32], const uint8_t* signature, uint32_t size) {
  if (size < 8 || size > 72 || signature[0] != 0x30 || signature[1] != size - 2) return false;
  const uint8_t* at = signature + 2;
  const uint8_t* end = signature + size;
  Number r, s, e;
  if (!take_integer(at, end, r) || !take_integer(at, end, s) || at != end) return false;
  Point q;
  if (!usable(r) || !usable(s) || !load_key(q, key)) return false;
  load(e, digest);
  if (!less(e, kOrder.m)) sub_raw(e, e, kOrder.m);

  Number w, u1, u2;
  multiply(w, s, kOrder.r2, kOrder);
  invert_order(w, w);
  multiply(u1, e, w, kOrder);  // Montgomery w times plain e: plain
  multiply(u2, r, w, kOrder);

  Point g, both, sum;
  to_field(g.x, kGx);
  to_field(g.y, kGy);
  to_field(g.z, kOne);
  both = g;
  add_point(both, q);
  memset(&sum, 0, sizeof sum);
  for (int bit = 255; bit >= 0; --bit) {
    twice(sum);
    const uint32_t one = u1.limb[bit / 32] >> (bit % 32) & 1;
    const uint32_t two = u2.limb[bit / 32] >> (bit % 32) & 1;
    if (one != 0 && two != 0) {
      add_point(sum, both);
    } else if (one != 0) {
      add_point(sum, g);
    } else if (two != 0) {
      add_point(sum, q);
    }
  }
  if (is_zero(sum.z)) return false;

  // x/z^2 mod n == r, without a division: x == r z^2 or, as x may be n..p-1, x == (r + n) z^2.
  Number zz, candidate;
  mul(zz, sum.z, sum.z);
  to_field(candidate, r);
  mul(candidate, candidate, zz);
  if (equal(candidate, sum.x)) return true;
  if (add_raw(r, r, kOrder.m) != 0 || !less(r, kField.m)) return false;
  to_field(candidate, r);
  mul(candidate, candidate, zz);
  return equal(candidate, sum.x);
}

}  // namespace stratus::mcu
