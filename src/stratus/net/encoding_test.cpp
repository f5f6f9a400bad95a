#include "stratus/net/encoding.hpp"

#include <gtest/gtest.h>

namespace stratus::net {
namespace {

std::string repetitive() {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "{\"digest\":\"sha256:" + std::to_string(i * 7919) + "\"},";
  return text;
}

TEST(Brotli, GoesBothWays) {
  const std::string text = repetitive();
  const auto encoded = brotli_compress(text);
  ASSERT_TRUE(encoded);
  EXPECT_LT(encoded->size(), text.size() / 4);
  EXPECT_EQ(brotli_decompress(*encoded, text.size()).value(), text);
}

TEST(Brotli, BoundsAndChecksWhatItDecodes) {
  const std::string encoded = brotli_compress(repetitive()).value();
  EXPECT_EQ(brotli_decompress(encoded, 100).error().code(), ErrorCode::no_space);
  EXPECT_EQ(brotli_decompress(encoded.substr(0, encoded.size() / 2), 1 << 20).error().code(),
            ErrorCode::corrupt);
  EXPECT_EQ(brotli_decompress(encoded + "x", 1 << 20).error().code(), ErrorCode::corrupt);
  EXPECT_EQ(brotli_decompress("", 1 << 20).error().code(), ErrorCode::corrupt);
}

TEST(BrotliCache, AnswersTheSameForTheSameBodyAndForgetsTheOldest) {
  BrotliCache cache;
  const std::string first = repetitive();
  const std::string encoded = cache.encode(first);
  EXPECT_EQ(brotli_decompress(encoded, first.size()).value(), first);
  const std::string filler(200'000, ' ');
  for (int i = 0; i < 8; ++i) (void)cache.encode(filler + std::to_string(i));
  EXPECT_EQ(cache.encode(first), encoded);
  EXPECT_TRUE(cache.encode("x").empty());  // would grow
}

}  // namespace
}  // namespace stratus::net
