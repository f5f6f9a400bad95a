#include "stratus/gateway/fill_names.hpp"

#include <gtest/gtest.h>

namespace stratus::gateway {
namespace {

Error missing() { return Error(ErrorCode::not_found, "404"); }

TEST(FillNames, TriesEveryAskersRepositoryOnce) {
  FillNames names("bogus");
  EXPECT_TRUE(names.join("real", false));
  EXPECT_TRUE(names.join("bogus", false));
  EXPECT_TRUE(names.join("real", false));
  EXPECT_TRUE(names.refuse(missing()));
  EXPECT_EQ(names.current(), "real");
  EXPECT_NE(names.refusal_of("bogus"), nullptr);
  EXPECT_EQ(names.refusal_of("real"), nullptr);
  EXPECT_TRUE(names.join("bogus", true));  // has its answer
  EXPECT_FALSE(names.refuse(missing()));
  EXPECT_EQ(names.refusal_of("real")->code(), ErrorCode::not_found);
}

TEST(FillNames, PrefersRepositoriesThatExist) {
  FillNames names("a");
  EXPECT_TRUE(names.join("b", false));
  EXPECT_TRUE(names.join("c", true));
  EXPECT_TRUE(names.refuse(missing()));
  EXPECT_EQ(names.current(), "c");
}

TEST(FillNames, HasABound) {
  FillNames names("a");
  int joined = 0;
  while (names.join(std::to_string(joined), false)) ++joined;
  EXPECT_EQ(joined, 64);
  EXPECT_TRUE(names.refuse(missing()));
  EXPECT_FALSE(names.join("another", true));
}

}  // namespace
}  // namespace stratus::gateway
