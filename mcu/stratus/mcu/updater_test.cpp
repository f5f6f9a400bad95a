#include "stratus/mcu/updater.hpp"

#include <gtest/gtest.h>

#include "stratus/mcu/board_testing.hpp"

namespace stratus::mcu::updater_test {
namespace {

class McuUpdater : public testing::Test {
 protected:
  McuUpdater() {
    board.put(0, one);
    EXPECT_TRUE(board.boot(journal).bootable);
  }
  Cause transfer(const Bytes& image, std::uint32_t counter, std::size_t until = ~std::size_t{0}) {
    if (Cause c = updater.begin(TestBoard::target(image, counter)); c != Cause::ok) return c;
    started_at = updater.offset();
    while (updater.offset() < std::min(until, image.size())) {
      const std::uint32_t n =
          std::min<std::uint32_t>(300, static_cast<std::uint32_t>(image.size()) - updater.offset());
      if (!updater.write(image.data() + updater.offset(), n)) return updater.error();
    }
    return until < image.size() ? Cause::ok : updater.finish();
  }
  TestBoard board;
  Bytes one = board.image(1), two = board.image(2);
  Journal journal{board.flash, board.layout.journal};
  Updater updater{board.flash, board.layout, journal, board.crypto, board.board.data()};
  std::uint32_t started_at = 0;
};

TEST_F(McuUpdater, InstallsTriesAndAccepts) {
  ASSERT_EQ(transfer(two, 2), Cause::ok);
  EXPECT_EQ(updater.state().state, State::staged);
  const BootChoice choice = board.boot(journal);
  EXPECT_TRUE(choice.bootable && choice.trial);
  EXPECT_EQ(choice.slot, 1);
  ASSERT_EQ(updater.accept(), Cause::ok);
  EXPECT_EQ(updater.state().counter, 2u);
  const BootChoice next = board.boot(journal);
  EXPECT_TRUE(next.bootable && !next.trial);
  EXPECT_EQ(next.slot, 1);
  EXPECT_EQ(board.flash.bits_set, 0u);
}

TEST_F(McuUpdater, GoesBackAfterThreeTrialsAndRemembers) {
  ASSERT_EQ(transfer(two, 2), Cause::ok);
  for (int i = 0; i < kTrials; ++i) EXPECT_TRUE(board.boot(journal).trial);
  const BootChoice back = board.boot(journal);
  EXPECT_TRUE(back.bootable && !back.trial);
  EXPECT_EQ(back.slot, 0);
  EXPECT_EQ(back.cause, Cause::trial_failed);
  EXPECT_EQ(transfer(two, 2), Cause::known_bad);
  EXPECT_EQ(transfer(board.image(3), 3), Cause::ok);
}

TEST_F(McuUpdater, GoesBackAtOnceWhenTheImageRejectsItself) {
  ASSERT_EQ(transfer(two, 2), Cause::ok);
  ASSERT_TRUE(board.boot(journal).trial);
  ASSERT_EQ(updater.reject(Cause::self_test_failed), Cause::ok);
  EXPECT_EQ(board.boot(journal).slot, 0);
  EXPECT_EQ(updater.state().cause, Cause::self_test_failed);
  EXPECT_EQ(transfer(two, 2), Cause::known_bad);
}

TEST_F(McuUpdater, ResumesAtTheLastMark) {
  ASSERT_EQ(transfer(two, 2, 18000), Cause::ok);
  Journal again(board.flash, board.layout.journal);
  ASSERT_TRUE(again.mount());
  Updater other(board.flash, board.layout, again, board.crypto, board.board.data());
  ASSERT_EQ(other.begin(TestBoard::target(two, 2)), Cause::ok);
  EXPECT_EQ(other.offset(), kMark);
  ASSERT_TRUE(other.write(two.data() + kMark, static_cast<std::uint32_t>(two.size()) - kMark));
  EXPECT_EQ(other.finish(), Cause::ok);
}

TEST_F(McuUpdater, StartsAgainForAnotherImageOfTheSameSize) {
  ASSERT_EQ(transfer(two, 2, 18000), Cause::ok);
  EXPECT_EQ(transfer(board.image(3), 3), Cause::ok);
  EXPECT_EQ(started_at, 0u);
}

TEST_F(McuUpdater, NeedsOnlyFinishWhenEverythingWasWritten) {
  ASSERT_EQ(transfer(two, 2), Cause::ok);
  Record record = journal.now();
  record.state = State::candidate;  // as if the power had gone before staging
  ASSERT_TRUE(journal.append(record));
  EXPECT_EQ(transfer(two, 2), Cause::ok);
  EXPECT_EQ(started_at, two.size());
}

TEST_F(McuUpdater, RefusesADowngrade) {
  Record record = journal.now();
  record.counter = 5;
  ASSERT_TRUE(journal.append(record));
  EXPECT_EQ(transfer(board.image(4), 4), Cause::downgrade);
}

TEST_F(McuUpdater, RefusesAnImageWhoseCounterIsNotThePromisedOne) {
  EXPECT_EQ(transfer(two, 7), Cause::bad_format);
  EXPECT_EQ(updater.state().state, State::rejected);
}

TEST_F(McuUpdater, ADamagedTransferMayBeRepeated) {
  Bytes damaged = two;
  damaged[5000] ^= 1;
  ASSERT_EQ(updater.begin(TestBoard::target(two, 2)), Cause::ok);
  ASSERT_TRUE(updater.write(damaged.data(), static_cast<std::uint32_t>(damaged.size())));
  EXPECT_EQ(updater.finish(), Cause::hash_mismatch);
  EXPECT_EQ(transfer(two, 2), Cause::ok);
}

TEST_F(McuUpdater, RefusesStrangersAndOtherBoards) {
  const auto stranger = host::P256Key::generate().value();
  EXPECT_EQ(transfer(board.image(2, 20, "test-board", &stranger), 2), Cause::bad_signature);
  EXPECT_EQ(transfer(board.image(2, 20, "other"), 2), Cause::wrong_model);
  EXPECT_FALSE(board.boot(journal).trial);
}

TEST_F(McuUpdater, RefusesTooMuchTooLittleAndTooLarge) {
  ASSERT_EQ(updater.begin(TestBoard::target(two, 2)), Cause::ok);
  EXPECT_EQ(updater.finish(), Cause::truncated);
  Bytes longer = two;
  longer.push_back(0);
  EXPECT_FALSE(updater.write(longer.data(), static_cast<std::uint32_t>(longer.size())));
  EXPECT_EQ(updater.error(), Cause::trailing_bytes);
  EXPECT_EQ(transfer(board.image(2, 100), 2), Cause::too_large);
}

TEST_F(McuUpdater, RefusesBytesBehindTheImage) {
  Bytes longer = two;
  longer.resize(longer.size() + 64);
  EXPECT_EQ(transfer(longer, 2), Cause::trailing_bytes);
}

TEST_F(McuUpdater, CancelKeepsWhatRuns) {
  ASSERT_EQ(transfer(two, 2), Cause::ok);
  ASSERT_EQ(updater.cancel(), Cause::ok);
  const BootChoice choice = board.boot(journal);
  EXPECT_EQ(choice.slot, 0);
  EXPECT_FALSE(choice.trial);
  EXPECT_EQ(transfer(two, 2), Cause::ok);
}

TEST_F(McuUpdater, TakesNoSecondUpdateWhileOneIsOnTrial) {
  ASSERT_EQ(transfer(two, 2), Cause::ok);
  EXPECT_EQ(transfer(board.image(3), 3), Cause::conflict);
  board.boot(journal);
  EXPECT_EQ(transfer(board.image(3), 3), Cause::conflict);
  EXPECT_EQ(updater.cancel(), Cause::conflict);
}

TEST_F(McuUpdater, OnlyATrialCanBeAcceptedOrRejected) {
  EXPECT_EQ(updater.accept(), Cause::conflict);
  EXPECT_EQ(updater.reject(Cause::self_test_failed), Cause::conflict);
  EXPECT_FALSE(updater.write(two.data(), 1));
}

TEST(McuBoot, PicksTheHighestCounterWithoutAJournal) {
  TestBoard board;
  EXPECT_FALSE(board.boot().bootable);
  board.put(0, board.image(1));
  board.put(1, board.image(2));
  const BootChoice choice = board.boot();
  EXPECT_TRUE(choice.bootable && !choice.trial);
  EXPECT_EQ(choice.slot, 1);
}

TEST(McuBoot, TakesTheOtherSlotWhenTheActiveImageRots) {
  TestBoard board;
  board.put(0, board.image(1));
  board.put(1, board.image(1, 19));
  EXPECT_EQ(board.boot().slot, 0);
  board.flash.bytes[board.layout.slot[0] + 999] ^= 1;
  const BootChoice choice = board.boot();
  EXPECT_TRUE(choice.bootable);
  EXPECT_EQ(choice.slot, 1);
  EXPECT_EQ(choice.cause, Cause::hash_mismatch);
  EXPECT_EQ(board.boot().cause, Cause::ok);  // settled
}

TEST(McuBoot, NeverGoesBelowTheCounterFloor) {
  TestBoard board;
  board.put(0, board.image(5));
  ASSERT_TRUE(board.boot().bootable);  // floor 5
  board.put(1, board.image(4));
  board.flash.bytes[board.layout.slot[0] + 999] ^= 1;
  EXPECT_FALSE(board.boot().bootable);
}

TEST(McuBoot, RejectsAStagedImageThatRotted) {
  TestBoard board;
  board.put(0, board.image(1));
  Journal journal(board.flash, board.layout.journal);
  ASSERT_TRUE(board.boot(journal).bootable);
  Updater updater(board.flash, board.layout, journal, board.crypto, board.board.data());
  const Bytes two = board.image(2);
  ASSERT_EQ(updater.begin(TestBoard::target(two, 2)), Cause::ok);
  ASSERT_TRUE(updater.write(two.data(), static_cast<std::uint32_t>(two.size())));
  ASSERT_EQ(updater.finish(), Cause::ok);
  board.flash.bytes[board.layout.slot[1] + 4000] ^= 8;
  const BootChoice choice = board.boot(journal);
  EXPECT_EQ(choice.slot, 0);
  EXPECT_FALSE(choice.trial);
  EXPECT_EQ(choice.cause, Cause::hash_mismatch);
  EXPECT_TRUE(updater.is_bad(TestBoard::target(two, 2).digest));
}

}  // namespace
}  // namespace stratus::mcu::updater_test
