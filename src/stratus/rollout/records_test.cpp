#include "stratus/rollout/records.hpp"

#include <gtest/gtest.h>

#include "stratus/rollout/rollout_testing.hpp"

namespace stratus::rollout {
namespace {

TEST(Records, AHeaderReadsBack) {
  Header header;
  header.wave = 1;
  header.cause = "paused by ann: \"odd\"";
  header.author = "ann";
  header.author_person = "person-ann";
  header.approver = "bob";
  header.advance_asked_by = "eve";
  header.advance_asked_person = "person-eve";
  header.give_back = true;
  header.created_ms = 1;
  header.started_ms = 2;
  header.finished_ms = 3;
  header.last_start_ms = 4;
  header.refusing = 10;
  header.retried = {11, 12};
  header.waves = {{5, 6, 7, 8}, {9, 0, 0, 0}};
  Counts counts;
  counts[DeviceState::rolled_back] = 3;
  const std::string text = encode_header(header, {counts, Counts()});
  const auto read = parse_header(text);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(encode_header(*read, {counts, Counts()}), text);
  EXPECT_EQ(read->wave, 1);
  EXPECT_EQ(read->author_person, "person-ann");
  EXPECT_EQ(read->advance_asked_person, "person-eve");
  EXPECT_EQ(read->waves[0].accepted, 8U);
  EXPECT_EQ(read->refusing, 10U);
  EXPECT_EQ(read->retried, (Retried{11, 12}));
  EXPECT_EQ(*parse_counts(text), (std::vector<Counts>{counts, Counts()}));
}

TEST(Records, ANewHeaderHasNoWaveOpen) {
  EXPECT_EQ(parse_header(encode_header(Header(), {}))->wave, -1);
  EXPECT_FALSE(parse_header("[]"));
  EXPECT_FALSE(parse_header("{\"waves\":3}"));
}

TEST(Records, ThePastReadsBack) {
  const std::vector<Before> before{{testing::digest(1), "1"}, {Digest(), ""}};
  const auto read = parse_before(encode_before(before));
  ASSERT_TRUE(read) << read.error().text();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].digest, testing::digest(1));
  EXPECT_EQ((*read)[0].version, "1");
  EXPECT_TRUE((*read)[1].digest.empty());
  EXPECT_FALSE(parse_before("{}"));
}

}  // namespace
}  // namespace stratus::rollout
