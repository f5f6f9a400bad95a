#include "stratus/gateway/part_head.hpp"

#include <gtest/gtest.h>

namespace stratus::gateway {
namespace {

net::Headers head(const char* length, const char* range = nullptr) {
  net::Headers headers;
  if (length != nullptr) headers.set("Content-Length", length);
  if (range != nullptr) headers.set("Content-Range", range);
  return headers;
}

TEST(PartHead, TakesWholeAnswersAndParts) {
  EXPECT_EQ(read_part_head(200, head("100"), 0, {})->total, 100u);
  EXPECT_EQ(read_part_head(200, head("100"), 0, 100)->skip, 0u);
  const auto part = read_part_head(206, head("60", "bytes 40-99/100"), 40, 100);
  EXPECT_EQ(part->total, 100u);
  EXPECT_EQ(part->skip, 0u);
}

TEST(PartHead, SkipsWhatAnUpstreamWithoutRangesRepeats) {
  EXPECT_EQ(read_part_head(200, head("100"), 40, 100)->skip, 40u);
}

TEST(PartHead, RefusesLies) {
  const auto refused = [](int status, const net::Headers& headers, std::uint64_t from,
                          std::optional<std::uint64_t> total) {
    const auto part = read_part_head(status, headers, from, total);
    return !part && part.error().code() == ErrorCode::corrupt;
  };
  EXPECT_TRUE(refused(206, head("60", "bytes 41-100/101"), 40, {}));
  EXPECT_TRUE(refused(206, head("59", "bytes 40-99/100"), 40, {}));
  EXPECT_TRUE(refused(206, head("60", "bytes 40-99/100"), 40, 101));
  EXPECT_TRUE(refused(206, head("60", "bytes 40-99/*"), 40, {}));
  EXPECT_TRUE(refused(206, head("60", "bytes 40-100/100"), 40, {}));
  EXPECT_TRUE(refused(206, head("60"), 40, {}));
  EXPECT_TRUE(refused(200, head("x"), 0, {}));
  EXPECT_TRUE(refused(200, head("30"), 40, {}));
  EXPECT_TRUE(refused(200, head("30"), 0, 31));
  EXPECT_TRUE(refused(204, head(nullptr), 0, {}));
  net::Headers encoded = head("30");
  encoded.set("Content-Encoding", "gzip");
  EXPECT_TRUE(refused(200, encoded, 0, {}));
  EXPECT_EQ(read_part_head(200, head(nullptr), 0, {}).error().code(), ErrorCode::unavailable);
}

TEST(PartHead, ReadsTheTotalOfARefusedRange) {
  EXPECT_EQ(total_of_unsatisfiable(head("0", "bytes */70")), 70u);
  EXPECT_EQ(total_of_unsatisfiable(head("0", "bytes 1-2/70")), std::nullopt);
  EXPECT_EQ(total_of_unsatisfiable(head("0")), std::nullopt);
}

}  // namespace
}  // namespace stratus::gateway
