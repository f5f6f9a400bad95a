#include "stratus/mcu/delta.hpp"

#include <random>

#include "host/delta_encoder.hpp"
#include "host/image_writer.hpp"
#include "host/memory_flash.hpp"
#include <gtest/gtest.h>

namespace stratus::mcu::delta_test {
namespace {

struct Collect final : ByteSink {
  Bytes data;
  std::size_t limit = ~std::size_t{0};
  bool write(const std::uint8_t* from, std::uint32_t size) override {
    data.insert(data.end(), from, from + size);
    return data.size() <= limit;
  }
};

Bytes random_bytes(unsigned seed, std::size_t size) {
  std::mt19937 random(seed);
  Bytes out(size);
  for (auto& b : out) b = static_cast<std::uint8_t>(random());
  return out;
}

Cause decode(const Bytes& base, const Bytes& patch, Bytes& out, std::size_t piece = 7) {
  if (patch.size() < kDeltaHeaderSize) return Cause::truncated;
  host::MemoryFlash flash(base);
  Collect sink;
  DeltaDecoder decoder(flash, 0, sink);
  DeltaHeader header;
  Cause cause = parse_delta_header(patch.data(), header);
  if (cause != Cause::ok) return cause;
  decoder.begin(header);
  for (std::size_t at = kDeltaHeaderSize; at < patch.size() && cause == Cause::ok; at += piece) {
    cause = decoder.feed(patch.data() + at, static_cast<std::uint32_t>(std::min(piece, patch.size() - at)));
  }
  if (cause == Cause::ok) cause = decoder.finish();
  out = sink.data;
  return cause;
}

class McuDelta : public testing::Test {
 protected:
  McuDelta() {
    target = base;
    for (std::size_t i = 100; i < 3000; i += 97) target[i] = static_cast<std::uint8_t>(target[i] + 4);
    const Bytes fresh = random_bytes(2, 120);
    target.insert(target.begin() + 5000, fresh.begin(), fresh.end());
    target.erase(target.begin() + 9000, target.begin() + 9400);
    patch = host::encode_delta(base, target).value();
  }
  Bytes base = random_bytes(1, 20000);
  Bytes target, patch;
};

TEST_F(McuDelta, RebuildsTheTargetWhateverThePieces) {
  for (std::size_t piece : {1u, 2u, 31u, 4096u}) {
    Bytes out;
    ASSERT_EQ(decode(base, patch, out, piece), Cause::ok);
    EXPECT_EQ(out, target);
  }
  EXPECT_LT(patch.size(), 600u);
}

TEST_F(McuDelta, HandlesUnrelatedEqualShrunkAndTinyImages) {
  const Bytes other = random_bytes(9, 5000);
  const Bytes shorter(base.begin(), base.begin() + 700);
  for (const auto& [from, to] : {std::pair{base, other},
                                 {base, base},
                                 {base, shorter},
                                 {shorter, base},
                                 {Bytes{1}, Bytes{2}},
                                 {Bytes(4000, 0), Bytes(70000, 0)}}) {
    const auto made = host::encode_delta(from, to);
    ASSERT_TRUE(made.has_value()) << made.error().text();
    Bytes out;
    ASSERT_EQ(decode(from, *made, out), Cause::ok);
    EXPECT_EQ(out, to);
  }
}

TEST_F(McuDelta, RandomEditsSurvive) {
  std::mt19937 random(77);
  for (int round = 0; round < 60; ++round) {
    Bytes from = random_bytes(static_cast<unsigned>(round), 1 + random() % 3000);
    Bytes to = from;
    for (unsigned edit = random() % 9; edit > 0 && !to.empty(); --edit) {
      const auto at = to.begin() + static_cast<long>(random() % to.size());
      switch (random() % 3) {
        case 0:
          *at = static_cast<std::uint8_t>(random());
          break;
        case 1:
          to.insert(at, random() % 50, static_cast<std::uint8_t>(random()));
          break;
        default:
          to.erase(at, at + static_cast<long>(std::min<std::size_t>(
                                random() % 90, static_cast<std::size_t>(to.end() - at))));
      }
    }
    if (to.empty()) to.push_back(1);
    Bytes out;
    const auto made = host::encode_delta(from, to);
    ASSERT_TRUE(made.has_value());
    ASSERT_EQ(decode(from, *made, out), Cause::ok);
    ASSERT_EQ(out, to);
  }
}

TEST_F(McuDelta, RefusesAnotherMagicAndEmptySizes) {
  Bytes bad = patch;
  bad[0] ^= 1;
  Bytes out;
  EXPECT_EQ(decode(base, bad, out), Cause::bad_format);
  for (std::size_t field : {4u, 8u}) {
    bad = patch;
    std::fill_n(bad.begin() + static_cast<long>(field), 4, std::uint8_t{0});
    EXPECT_EQ(decode(base, bad, out), Cause::bad_size);
  }
}

TEST_F(McuDelta, RefusesEveryTruncation) {
  for (std::size_t size = kDeltaHeaderSize; size < patch.size(); size += 3) {
    Bytes out;
    EXPECT_EQ(decode(base, Bytes(patch.begin(), patch.begin() + static_cast<long>(size)), out),
              Cause::truncated);
  }
}

TEST_F(McuDelta, RefusesExtraBytes) {
  Bytes longer = patch;
  longer.push_back(0);
  Bytes out;
  EXPECT_EQ(decode(base, longer, out), Cause::trailing_bytes);
}

TEST_F(McuDelta, RefusesALyingTargetSize) {
  Bytes out;
  Bytes bad = patch;
  store32(bad.data() + 8, static_cast<std::uint32_t>(target.size() - 1));
  EXPECT_NE(decode(base, bad, out), Cause::ok);
  store32(bad.data() + 8, static_cast<std::uint32_t>(target.size() + 1));
  EXPECT_NE(decode(base, bad, out), Cause::ok);
  EXPECT_LE(out.size(), target.size() + 1);
}

TEST_F(McuDelta, NeverReadsPastTheBase) {
  Bytes bad = patch;
  store32(bad.data() + 4, 50);  // the header says: only 50 bytes of base
  Bytes out;
  EXPECT_EQ(decode(base, bad, out), Cause::bad_size);
}

TEST_F(McuDelta, AnyBitFlipGivesAnErrorOrOtherBytesNeverMore) {
  for (std::size_t bit = kDeltaHeaderSize * 8; bit < patch.size() * 8; bit += 5) {
    Bytes bad = patch;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    Bytes out;
    if (decode(base, bad, out) == Cause::ok) {
      EXPECT_EQ(out.size(), target.size());
    }
    ASSERT_LE(out.size(), target.size());
  }
}

TEST_F(McuDelta, StopsWhenTheSinkFails) {
  host::MemoryFlash flash(base);
  Collect sink;
  sink.limit = 1000;
  DeltaDecoder decoder(flash, 0, sink);
  DeltaHeader header;
  ASSERT_EQ(parse_delta_header(patch.data(), header), Cause::ok);
  decoder.begin(header);
  EXPECT_EQ(decoder.feed(patch.data() + kDeltaHeaderSize,
                         static_cast<std::uint32_t>(patch.size() - kDeltaHeaderSize)),
            Cause::io);
  EXPECT_LE(sink.data.size(), 1000u + 32u);
}

TEST(McuDeltaDecoder, TakesLessThanHalfAKilobyte) { EXPECT_LE(sizeof(DeltaDecoder), 512u); }

}  // namespace
}  // namespace stratus::mcu::delta_test
