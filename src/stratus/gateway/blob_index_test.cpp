#include "stratus/gateway/blob_index.hpp"

#include <gtest/gtest.h>

#include "stratus/gateway/digest_testing.hpp"

namespace stratus::gateway {
namespace {

WallTime at(int seconds) { return WallTime(std::chrono::seconds(seconds)); }
const std::function<bool(const Digest&)> kNobody = [](const Digest&) { return false; };

TEST(BlobIndex, MakesRoomWithinItsLimit) {
  BlobIndex index(100);
  index.add(named("a"), 40, at(1));
  index.add(named("b"), 40, at(2));
  EXPECT_TRUE(index.make_room(20, 0, {}, kNobody)->blobs.empty());
  index.promise(20);
  EXPECT_EQ(index.make_room(10, 0, {}, kNobody)->blobs, std::vector{named("a")});
  EXPECT_FALSE(index.contains(named("a")));
  EXPECT_EQ(index.bytes(), 40u);
  index.release(20);
  EXPECT_FALSE(index.make_room(101, 0, {}, kNobody));
  EXPECT_TRUE(index.contains(named("b")));
}

TEST(BlobIndex, KeepsWhatWasUsedLast) {
  BlobIndex index(100);
  index.add(named("a"), 40, at(1));
  index.add(named("b"), 40, at(2));
  EXPECT_FALSE(index.use(named("a"), at(3)));
  EXPECT_EQ(index.make_room(40, 0, {}, kNobody)->blobs, std::vector{named("b")});
  EXPECT_TRUE(index.use(named("a"), at(100)));  // the store learns it now and then
  EXPECT_FALSE(index.use(named("a"), at(101)));
  EXPECT_FALSE(index.use(named("unknown"), at(101)));
}

TEST(BlobIndex, DropsBrokenTransfersFirst) {
  BlobIndex index(100);
  index.add(named("a"), 40, at(1));
  index.add_partial("p", 50);
  const auto removals = index.make_room(60, 0, {}, kNobody);
  EXPECT_EQ(removals->partials, std::vector<std::string>{"p"});
  EXPECT_TRUE(removals->blobs.empty());
  EXPECT_EQ(index.partial_bytes(), 0u);
}

TEST(BlobIndex, FreesTheDiskBelowItsLimit) {
  BlobIndex index(1000);
  index.add(named("a"), 40, at(1));
  EXPECT_EQ(index.make_room(10, 30, {}, kNobody)->blobs, std::vector{named("a")});
  EXPECT_FALSE(index.make_room(10, 30, {}, kNobody));
}

}  // namespace
}  // namespace stratus::gateway
