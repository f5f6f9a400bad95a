#include "stratus/update/journal.hpp"

#include <gtest/gtest.h>

namespace stratus::update {
namespace {

std::string journal(std::initializer_list<std::string_view> payloads) {
  std::string bytes(kJournalMark);
  for (const std::string_view payload : payloads) bytes += encode_journal_record(payload);
  return bytes;
}

TEST(Journal, Crc32IsTheUsualOne) { EXPECT_EQ(crc32("123456789"), 0xCBF43926u); }

TEST(Journal, TheLastRecordCounts) {
  const std::string bytes = journal({"one", "two", "three"});
  const auto read = read_journal(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->last(), "three");
  EXPECT_EQ(read->payloads.size(), 3U);
  EXPECT_EQ(read->valid_bytes, bytes.size());
}

TEST(Journal, EmptyAndFreshJournalsHoldNothing) {
  EXPECT_EQ(read_journal("")->last(), std::nullopt);
  EXPECT_EQ(read_journal(kJournalMark)->last(), std::nullopt);
}

TEST(Journal, ATailTornAtAnyByteLeavesTheRecordBefore) {
  const std::string whole = journal({"one", "two"});
  const std::size_t first = journal({"one"}).size();
  for (std::size_t size = first; size < whole.size(); ++size) {
    const auto read = read_journal(std::string_view(whole).substr(0, size));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->last(), "one") << size;
    EXPECT_EQ(read->valid_bytes, first);
  }
}

TEST(Journal, ADamagedByteAnywhereInTheLastRecordLeavesTheOneBefore) {
  const std::string whole = journal({"one", "two"});
  for (std::size_t at = journal({"one"}).size(); at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const auto read = read_journal(damaged);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->last(), "one") << at;
  }
}

TEST(Journal, ADamagedRecordHidesNoNewerOne) {
  std::string bytes = journal({"one", "two", "three"});
  bytes[bytes.find("two")] ^= 1;
  const auto read = read_journal(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->last(), "three");
  EXPECT_EQ(read->payloads.size(), 2U);
  EXPECT_EQ(read->valid_bytes, bytes.size());
}

TEST(Journal, AnotherFileIsRefused) {
  EXPECT_FALSE(read_journal("stratus-journal 2\n"));
  EXPECT_FALSE(read_journal("strat"));
}

TEST(Journal, AZeroedTailIsNoRecord) {
  const std::string bytes = journal({"one"}) + std::string(100, '\0');
  EXPECT_EQ(read_journal(bytes)->last(), "one");
}

}  // namespace
}  // namespace stratus::update
