#include "stratus/oci/reference.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::oci {
namespace {

TEST(Reference, KnowsGoodAndBadNames) {
  for (const char* name : {"a", "app", "team/app", "a.b", "a_b", "a__b", "a---b", "0/1/2"}) {
    EXPECT_TRUE(is_repository_name(name)) << name;
  }
  for (const char* name :
       {"", "A", "/a", "a/", "a//b", "a..b", "a___b", "-a", "a-", "a._b", "a b", "a:b", "../a", "é"}) {
    EXPECT_FALSE(is_repository_name(name)) << name;
  }
  EXPECT_TRUE(is_repository_name(std::string(255, 'a')));
  EXPECT_FALSE(is_repository_name(std::string(256, 'a')));
}

TEST(Reference, KnowsGoodAndBadTags) {
  for (const char* tag : {"1", "v1.2.3", "_x", "A-b_c.d"}) EXPECT_TRUE(is_tag(tag)) << tag;
  for (const char* tag : {"", ".1", "-1", "a/b", "a+b", "a:b"}) EXPECT_FALSE(is_tag(tag)) << tag;
  EXPECT_TRUE(is_tag(std::string(128, 'a')));
  EXPECT_FALSE(is_tag(std::string(129, 'a')));
}

TEST(Reference, Parses) {
  const Digest digest = sha256("x");
  const auto whole = parse_reference("team/app:1.0@" + digest.text());
  ASSERT_TRUE(whole) << whole.error().text();
  EXPECT_EQ(whole->name, "team/app");
  EXPECT_EQ(whole->tag, "1.0");
  EXPECT_EQ(whole->digest, digest);
  EXPECT_TRUE(parse_reference("app")->tag.empty());
  for (const char* text : {"", ":1", "app:", "App:1", "localhost:5000/app", "app@sha256:1", "app:a:b"}) {
    EXPECT_FALSE(parse_reference(text)) << text;
  }
}

}  // namespace
}  // namespace stratus::oci
