#include "stratus/server/revision_tag.hpp"

#include <gtest/gtest.h>

namespace stratus::server {
namespace {

TEST(RevisionTag, ComesBackAsItsRevision) {
  const std::string tag = revision_tag(7, "body");
  EXPECT_NE(tag, revision_tag(7, "another"));
  net::Headers headers;
  EXPECT_EQ(*revision_to_match(headers), 0);
  headers.set("If-Match", "*");
  EXPECT_EQ(*revision_to_match(headers), 0);
  for (const std::string& text : {"\"" + tag + "\"", "W/\"" + tag + "\"", std::string("\"7\"")}) {
    headers.set("If-Match", text);
    EXPECT_EQ(*revision_to_match(headers), 7) << text;
  }
}

TEST(RevisionTag, StrangeTagsMatchNothing) {
  for (const char* text :
       {"", "7", "\"", "\"\"", "\"0.1\"", "\"-7.1\"", "\"x\"", "\"7", "\"99999999999999999999.1\""}) {
    net::Headers headers;
    headers.set("If-Match", text);
    EXPECT_FALSE(revision_to_match(headers)) << text;
  }
}

}  // namespace
}  // namespace stratus::server
