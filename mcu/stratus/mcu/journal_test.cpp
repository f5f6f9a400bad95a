#include "stratus/mcu/journal.hpp"

#include "host/memory_flash.hpp"
#include <gtest/gtest.h>

namespace stratus::mcu::journal_test {
namespace {

class McuJournal : public testing::Test {
 protected:
  static constexpr std::uint32_t kSector = 512;  // 8 records
  host::MemoryFlash flash{2 * kSector, kSector, 4};

  void append(std::uint32_t offset) {
    Journal journal(flash, 0);
    journal.mount();
    Record record = journal.now();
    record.offset = offset;
    ASSERT_TRUE(journal.append(record));
  }
  std::uint32_t newest() {
    Journal journal(flash, 0);
    return journal.mount() ? journal.now().offset : 0;
  }
};

TEST_F(McuJournal, IsEmptyOnBlankFlashAndOnRubbish) {
  EXPECT_FALSE(Journal(flash, 0).mount());
  std::fill(flash.bytes.begin(), flash.bytes.end(), std::uint8_t{0x5a});
  EXPECT_FALSE(Journal(flash, 0).mount());
  append(7);
  EXPECT_EQ(newest(), 7u);
}

TEST_F(McuJournal, KeepsTheNewestThroughManyRotations) {
  for (std::uint32_t i = 1; i <= 100; ++i) {
    append(i);
    ASSERT_EQ(newest(), i);
  }
  EXPECT_EQ(flash.bits_set, 0u);
}

TEST_F(McuJournal, FallsBackToTheRecordBeforeADamagedOne) {
  append(1);
  append(2);
  for (std::size_t byte = kSector + 64; byte < kSector + 128; ++byte) {  // the first record goes to sector 1
    const auto saved = flash.bytes;
    flash.bytes[byte] ^= 0x20;
    EXPECT_EQ(newest(), 1u) << byte;
    append(3);  // goes behind the damaged place
    EXPECT_EQ(newest(), 3u);
    EXPECT_EQ(flash.bits_set, 0u);
    flash.bytes = saved;
  }
}

struct DyingFlash final : Flash {
  explicit DyingFlash(host::MemoryFlash& f) : Flash(f.sector, f.align), inner(f) {}
  bool read(std::uint32_t at, void* to, std::uint32_t n) override { return inner.read(at, to, n); }
  bool program(std::uint32_t at, const void* from, std::uint32_t n) override {
    Bytes copy(static_cast<const std::uint8_t*>(from), static_cast<const std::uint8_t*>(from) + n);
    if (at == dead) copy[9] = 0;
    if (locked) return false;
    return inner.program(at, copy.data(), n);
  }
  bool erase(std::uint32_t at) override { return inner.erase(at); }
  using Bytes = std::vector<std::uint8_t>;
  host::MemoryFlash& inner;
  std::uint32_t dead = 64;  // where programming leaves other bytes than asked
  bool locked = false;      // takes nothing
};

TEST_F(McuJournal, ReadsBackAndTakesTheNextPlaceWhenACellIsDead) {
  DyingFlash dying(flash);
  Journal journal(dying, 0);
  journal.mount();
  Record record = {};
  for (std::uint32_t i = 1; i <= 3; ++i) {
    record.size = 0x01010101;
    record.offset = i;
    ASSERT_TRUE(journal.append(record));
    ASSERT_EQ(newest(), i);
  }
}

TEST_F(McuJournal, WhatComesAfterARefusedAppendIsFoundAgain) {
  DyingFlash dying(flash);
  Journal journal(dying, 0);
  journal.mount();
  Record record = {};
  record.offset = 1;
  ASSERT_TRUE(journal.append(record));
  record.offset = 2;
  dying.locked = true;
  ASSERT_FALSE(journal.append(record));
  EXPECT_EQ(newest(), 1u);
  dying.locked = false;
  record.offset = 3;
  ASSERT_TRUE(journal.append(record));
  EXPECT_EQ(newest(), 3u);
  EXPECT_EQ(flash.bits_set, 0u);
}

}  // namespace
}  // namespace stratus::mcu::journal_test
