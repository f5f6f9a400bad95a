#include "stratus/base/nearest_word.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace stratus {
namespace {

const std::vector<std::string> kWords{"publish", "deploy", "devices", "device", "gc", "releases"};

TEST(NearestWord, FindsWhatWasMeant) {
  EXPECT_EQ(nearest_word("publsih", kWords), "publish");
  EXPECT_EQ(nearest_word("deplyo", kWords), "deploy");
  EXPECT_EQ(nearest_word("devises", kWords), "devices");
  EXPECT_EQ(nearest_word("relaese", kWords), "releases");
}

TEST(NearestWord, AnExactWordIsNearest) { EXPECT_EQ(nearest_word("device", kWords), "device"); }

TEST(NearestWord, GuessesNothingFarAway) {
  EXPECT_EQ(nearest_word("bogus", kWords), "");
  EXPECT_EQ(nearest_word("xy", kWords), "");
  EXPECT_EQ(nearest_word("", kWords), "");
  EXPECT_EQ(nearest_word(std::string(100'000, 'a'), kWords), "");
}

}  // namespace
}  // namespace stratus
