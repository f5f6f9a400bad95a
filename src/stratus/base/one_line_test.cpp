#include "stratus/base/one_line.hpp"

#include <gtest/gtest.h>

namespace stratus {
namespace {

TEST(OneLine, KeepsWordsAndNothingThatATerminalObeys) {
  EXPECT_EQ(one_line("no table 한\n\x1b[31m\x7f.", 100), "no table 한  [31m .");
  EXPECT_EQ(one_line("a\xc2\x9b"
                     "31m\xc2\xa0z",
                     100),
            "a 31m\xc2\xa0z")
      << "CSI in one character";
}

TEST(OneLine, IsUtf8Whatever) {
  EXPECT_EQ(one_line("\xff\xed\xa0\x80", 100), "????");
  EXPECT_EQ(one_line("cut \xed\x95", 100), "cut ??");
}

TEST(OneLine, IsCutBetweenCharacters) {
  EXPECT_EQ(one_line("ab한", 4), "ab");
  EXPECT_EQ(one_line("ab한", 5), "ab한");
}

}  // namespace
}  // namespace stratus
