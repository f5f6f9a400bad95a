#include "stratus/agent/check_output.hpp"

#include <gtest/gtest.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::agent {
namespace {

TEST(LastWords, AreTheLastLineBoundedAndPlain) {
  EXPECT_EQ(last_words_of(""), "");
  EXPECT_EQ(last_words_of(" \n\n"), "");
  EXPECT_EQ(last_words_of("starting\ndatabase: connection refused\n\n"), "database: connection refused");
  EXPECT_EQ(last_words_of("a\tb\x1b[31mc"), "a b [31mc");
  const std::string words = last_words_of(std::string(5000, 'x') + "end");
  EXPECT_EQ(words.size(), kMaxLastWords);
  EXPECT_EQ(words.substr(words.size() - 4), "xend");
  EXPECT_EQ(last_words_of("caf\xe9"), "caf?");
  EXPECT_EQ(last_words_of("한" + std::string(kMaxLastWords - 1, 'x')), std::string(kMaxLastWords - 1, 'x'));
}

TEST(LastWords, OfALogAreThoseSinceItsBegin) {
  const testing::TemporaryDirectory directory;
  const auto log = directory / "service.log";
  EXPECT_EQ(last_words_in(log, 0), "");
  ASSERT_TRUE(write_file_atomically(log, "the one before\n"));
  EXPECT_EQ(last_words_in(log, 15), "") << "this one said nothing";
  ASSERT_TRUE(write_file_atomically(log, "the one before\nno such table\n"));
  EXPECT_EQ(last_words_in(log, 15), "no such table");
  ASSERT_TRUE(write_file_atomically(log, "cut\n"));
  EXPECT_EQ(last_words_in(log, 15), "cut");
  ASSERT_TRUE(write_file_atomically(log, std::string(5000, 'x') + " end\n"));
  EXPECT_EQ(last_words_in(log, 15).size(), kMaxLastWords);
}

TEST(CheckOutput, KeepsTheEndOfWhatWasSaid) {
  auto output = CheckOutput::make();
  ASSERT_TRUE(output);
  output->drain();
  EXPECT_EQ(output->last_words(), "");
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(write_all(output->write_end(), as_bytes(std::string(500, 'y') + "\n")));
    output->drain();
  }
  ASSERT_TRUE(write_all(output->write_end(), as_bytes("no disk\n")));
  output->close_write_end();
  output->drain();
  EXPECT_EQ(output->last_words(), "no disk");
}

}  // namespace
}  // namespace stratus::agent
