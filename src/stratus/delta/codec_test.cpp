#include "stratus/delta/codec.hpp"

#include <gtest/gtest.h>

#include "stratus/delta/platform/codecs.hpp"
#include "stratus/delta/tree_testing.hpp"

namespace stratus::delta {
namespace {

ByteSource from_memory(BytesView bytes, std::size_t piece) {
  return [bytes, piece](std::span<std::uint8_t> into) mutable -> Result<std::size_t> {
    const std::size_t count = std::min({bytes.size(), into.size(), piece});
    std::copy_n(bytes.begin(), count, into.begin());
    bytes = bytes.subspan(count);
    return count;
  };
}

Result<Bytes> unpack(const CodecSpec& spec, BytesView data, std::size_t raw_size, std::size_t piece) {
  STRATUS_TRY(source, open_decoder(spec, raw_size, from_memory(data, piece)));
  Bytes out;
  Bytes buffer(999);
  while (out.size() < raw_size) {
    STRATUS_TRY(count, source(std::span(buffer).first(std::min(buffer.size(), raw_size - out.size()))));
    if (count == 0) return fail(ErrorCode::corrupt, "ended early");
    out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return out;
}

std::vector<Compressed> all_codecs(BytesView raw) {
  std::vector<Compressed> all{{{}, Bytes(raw.begin(), raw.end())}};
  all.push_back({{Codec::zstd, 16, 0}, platform::zstd_compress(raw, 16, 19).value()});
  all.push_back({{Codec::brotli, 16, 0}, platform::brotli_compress(raw, 16, false).value()});
  all.push_back({{Codec::lzma, 16, 3}, platform::lzma_compress(raw, 16, 3).value()});
  return all;
}

TEST(CodecTest, EveryCodecRoundTripsInPiecesOfAnySize) {
  std::mt19937 random(7);
  for (const std::size_t size : {1u, 100u, 5000u, 200000u}) {
    const Bytes raw = testing::random_text(random, size);
    for (const auto& [spec, data] : all_codecs(raw)) {
      for (const std::size_t piece : {std::size_t{1}, std::size_t{77}, std::size_t{1} << 20}) {
        const auto out = unpack(spec, data, raw.size(), piece);
        ASSERT_TRUE(out) << static_cast<int>(spec.codec) << ": " << out.error().text();
        EXPECT_TRUE(*out == raw) << static_cast<int>(spec.codec);
      }
    }
  }
}

TEST(CodecTest, CutStreamsAreCorrupt) {
  std::mt19937 random(7);
  const Bytes raw = testing::random_text(random, 3000);
  for (const auto& [spec, data] : all_codecs(raw)) {
    const auto out = unpack(spec, BytesView(data).first(data.size() / 2), raw.size(), 100);
    ASSERT_FALSE(out) << static_cast<int>(spec.codec);
    EXPECT_EQ(out.error().code(), ErrorCode::corrupt);
  }
}

TEST(CodecTest, ALargerWindowThanPromisedIsRefused) {
  std::mt19937 random(7);
  const Bytes raw = testing::random_bytes(random, 1u << 20);
  for (auto [spec, data] :
       {Compressed{{Codec::zstd, 10, 0}, platform::zstd_compress(raw, 20, 3).value()},
        Compressed{{Codec::brotli, 10, 0}, platform::brotli_compress(raw, 20, false).value()}}) {
    EXPECT_FALSE(unpack(spec, data, raw.size(), 1u << 16)) << static_cast<int>(spec.codec);
  }
}

TEST(CodecTest, BestIsNeverLargerThanStored) {
  std::mt19937 random(7);
  const Bytes noise = testing::random_bytes(random, 5000);
  EXPECT_EQ(compress_best(noise).data.size(), noise.size());
  EXPECT_EQ(compress_best({}).data.size(), 0u);
  const Bytes text = testing::random_text(random, 5000);
  EXPECT_LT(compress_best(text).data.size(), 2500u);
  EXPECT_EQ(compress_best(text).data, compress_best(text).data);
}

}  // namespace
}  // namespace stratus::delta
