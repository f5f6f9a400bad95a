// An update run by a program in C (c_facade_board.c), against the same small server as the C++ tests.
#include <memory>

#include <gtest/gtest.h>

#include "stratus/mcu/agent_testing.hpp"
#include "stratus/mcu/board_testing.hpp"
#include "stratus/mcu/c_facade_board.h"

namespace stratus::mcu::c_facade_test {
namespace {

class McuCFacade : public testing::Test {
 protected:
  McuCFacade() {
    memset(board->flash, 0xff, sizeof board->flash);
    const Bytes one = made.image(1);
    std::copy(one.begin(), one.end(), board->flash + 2 * C_BOARD_SECTOR);
    board->key = made.xy.data();
    board->server = &functions;
    offer(made.image(2), made.key);
  }
  void offer(const Bytes& image, const host::P256Key& key) {
    server.add(image);
    host::ManifestFields fields;
    fields.model = "test-board";
    fields.version = "2";
    fields.repository = "fw";
    fields.counter = 2;
    fields.serial = ++serial;
    fields.components.push_back({0, static_cast<std::uint32_t>(image.size()), host::raw_sha256(image), {}});
    server.manifest = host::write_manifest(fields, key.signer()).value();
  }
  TestBoard made;
  TestServer server;
  std::uint32_t serial = 0;
  c_board_server functions{
      &server, [](void* self) { return static_cast<TestServer*>(self)->open(); },
      [](void* self, void* to, std::uint32_t size) { return static_cast<TestServer*>(self)->read(to, size); },
      [](void* self, const void* from, std::uint32_t size) {
        return static_cast<TestServer*>(self)->write(from, size);
      }};
  std::unique_ptr<c_board> board = std::make_unique<c_board>();
};

TEST_F(McuCFacade, UpdatesAndConfirms) {
  EXPECT_EQ(c_board_live(board.get(), 1), STRATUS_MCU_REBOOT);
  EXPECT_EQ(board->boot.slot, 0);
  EXPECT_GT(board->fetched, 20u * 1024);
  EXPECT_EQ(c_board_live(board.get(), 1), STRATUS_MCU_ACCEPTED);
  EXPECT_TRUE(board->boot.trial);
  EXPECT_EQ(board->boot.slot, 1);
  EXPECT_EQ(board->boot.version[0], 2);
  EXPECT_EQ(c_board_live(board.get(), 2), STRATUS_MCU_IDLE);
  EXPECT_FALSE(board->boot.trial);
  EXPECT_STREQ(board->cause, "ok");
  EXPECT_EQ(board->wait, 60u);
  EXPECT_GT(board->steps, 3u);
}

TEST_F(McuCFacade, GoesBackWhenTheNewImageJudgesItselfBad) {
  ASSERT_EQ(c_board_live(board.get(), 1), STRATUS_MCU_REBOOT);
  board->fails_self_test = true;
  EXPECT_EQ(c_board_live(board.get(), 1), STRATUS_MCU_REBOOT);
  board->fails_self_test = false;
  EXPECT_EQ(c_board_live(board.get(), 1), STRATUS_MCU_IDLE);
  EXPECT_EQ(board->boot.slot, 0);
  EXPECT_STREQ(board->cause, "known_bad");
}

TEST_F(McuCFacade, NamesWhatIsRefusedAndStopsWhenToldTo) {
  const auto stranger = host::P256Key::generate().value();
  offer(made.image(2), stranger);
  EXPECT_EQ(c_board_live(board.get(), 1), STRATUS_MCU_IDLE);
  EXPECT_STREQ(board->cause, "bad_signature");
  offer(made.image(2), made.key);
  board->give_up_at = "fetching";
  EXPECT_EQ(c_board_live(board.get(), 1), STRATUS_MCU_IDLE);
  EXPECT_STREQ(board->cause, "cancelled");
  board->give_up_at = nullptr;
  board->wants_cancel = true;
  EXPECT_EQ(c_board_live(board.get(), 1), STRATUS_MCU_REBOOT);
  EXPECT_TRUE(board->cancelled);
  board->wants_cancel = false;
  EXPECT_EQ(c_board_live(board.get(), 1),
            STRATUS_MCU_REBOOT);  // not a trial: it was taken back, and comes again
  EXPECT_FALSE(board->boot.trial);
}

TEST_F(McuCFacade, SaysThatNothingBoots) {
  memset(board->flash, 0xff, sizeof board->flash);
  EXPECT_EQ(c_board_live(board.get(), 1), STRATUS_MCU_IDLE);
  EXPECT_FALSE(board->boot.bootable);
}

}  // namespace
}  // namespace stratus::mcu::c_facade_test
