#include "stratus/store/names.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace stratus::store {
namespace {

TEST(RepositoryName, FollowsTheGrammar) {
  for (const char* good : {"a", "0", "app", "a/b/c", "a.b", "a_b", "a__b", "a---b", "my-org/my.app_1"}) {
    EXPECT_TRUE(is_repository_name(good)) << good;
  }
  for (const std::string& bad : std::vector<std::string>{"",
                                                         "/",
                                                         "a/",
                                                         "/a",
                                                         "a//b",
                                                         ".",
                                                         "..",
                                                         "a/../b",
                                                         "../a",
                                                         ".a",
                                                         "a.",
                                                         "a..b",
                                                         "a___b",
                                                         "a._b",
                                                         "A",
                                                         "_tags",
                                                         "a/_tags",
                                                         "a b",
                                                         "a\n",
                                                         "a\\b",
                                                         "a%2fb",
                                                         std::string("a\0b", 3),
                                                         std::string(256, 'a')}) {
    EXPECT_FALSE(is_repository_name(bad)) << bad;
  }
}

TEST(Tag, FollowsTheGrammar) {
  for (const char* good : {"1", "latest", "v1.2.3", "_x", "A-b_C.d"}) EXPECT_TRUE(is_tag(good)) << good;
  for (const std::string& bad : std::vector<std::string>{"", ".", "..", ".a", "-a", "a/b", "a:b", "a\n",
                                                         "a b", std::string(129, 'a')}) {
    EXPECT_FALSE(is_tag(bad)) << bad;
  }
}

}  // namespace
}  // namespace stratus::store
