#include "stratus/runtime/passwd.hpp"

#include <gtest/gtest.h>

namespace stratus::runtime {
namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/sh\nbroken line\nbig:x:70000:1:::\nweb:x:33:34:www:/srv/web:/bin/false\n";
constexpr std::string_view kGroup =
    "root:x:0:\nwww:x:34:\naudio:x:29:ana,web\nvideo:x:44:web\nplain:x:50:webby\n";

TEST(ResolveUser, EmptyIsRootWithItsHome) {
  UserIds ids;
  ASSERT_TRUE(resolve_user("", kPasswd, kGroup, ids));
  EXPECT_EQ(ids.uid, 0U);
  EXPECT_EQ(ids.home, "/root");
}

TEST(ResolveUser, NameBringsPrimaryAndSupplementaryGroups) {
  UserIds ids;
  ASSERT_TRUE(resolve_user("web", kPasswd, kGroup, ids));
  EXPECT_EQ(ids.uid, 33U);
  EXPECT_EQ(ids.gid, 34U);
  ASSERT_EQ(ids.group_count, 2U);
  EXPECT_EQ(ids.groups[0], 29U);
  EXPECT_EQ(ids.groups[1], 44U);
  EXPECT_EQ(ids.home, "/srv/web");
}

TEST(ResolveUser, NumberNeedNotBeListed) {
  UserIds ids;
  ASSERT_TRUE(resolve_user("1234", kPasswd, kGroup, ids));
  EXPECT_EQ(ids.uid, 1234U);
  EXPECT_EQ(ids.gid, 0U);
  EXPECT_TRUE(ids.home.empty());
}

TEST(ResolveUser, ExplicitGroupByNameOrNumberReplacesTheOthers) {
  UserIds ids;
  ASSERT_TRUE(resolve_user("web:audio", kPasswd, kGroup, ids));
  EXPECT_EQ(ids.gid, 29U);
  EXPECT_EQ(ids.group_count, 0U);
  ASSERT_TRUE(resolve_user("33:7", kPasswd, kGroup, ids));
  EXPECT_EQ(ids.gid, 7U);
}

TEST(ResolveUser, UnknownNamesAndIdsOutsideTheMapAreRefused) {
  UserIds ids;
  EXPECT_FALSE(resolve_user("nobody", kPasswd, kGroup, ids));
  EXPECT_FALSE(resolve_user("web:nogroup", kPasswd, kGroup, ids));
  EXPECT_FALSE(resolve_user("70000", kPasswd, kGroup, ids));
  EXPECT_FALSE(resolve_user("big", kPasswd, kGroup, ids));
  EXPECT_FALSE(resolve_user("-1", kPasswd, kGroup, ids));
}

TEST(ResolveUser, WorksWithoutFiles) {
  UserIds ids;
  EXPECT_TRUE(resolve_user("0:0", "", "", ids));
  EXPECT_FALSE(resolve_user("web", "", "", ids));
}

}  // namespace
}  // namespace stratus::runtime
