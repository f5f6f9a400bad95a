#include "stratus/mcu/image.hpp"

#include <gtest/gtest.h>

#include "stratus/mcu/board_testing.hpp"

namespace stratus::mcu::image_test {
namespace {

class McuImage : public testing::Test {
 protected:
  McuImage() { good = board.image(3, 1); }
  Cause check(const Bytes& image, std::uint32_t floor = 0) {
    std::fill(board.flash.bytes.begin(), board.flash.bytes.end(), std::uint8_t{0xff});
    board.put(0, image);
    return board.verify(0, info, floor);
  }
  std::size_t trailer() const { return 256 + 1024; }  // protected TLV area
  // The protected area takes 32 bytes, the other begins behind it.
  Bytes changed(std::size_t at, std::uint8_t value) const {
    Bytes image = good;
    image[at] = value;
    return image;
  }
  TestBoard board;
  Bytes good;
  ImageInfo info = {};
};

TEST_F(McuImage, AcceptsWhatTheWriterMade) {
  ASSERT_EQ(check(good), Cause::ok);
  EXPECT_EQ(info.size, good.size());
  EXPECT_EQ(info.counter, 3u);
  EXPECT_EQ(info.version[0], 3);
  EXPECT_EQ(info.payload_size, 1024u);
}

TEST_F(McuImage, NamesAnEmptySlot) { EXPECT_EQ(check({}), Cause::no_image); }
TEST_F(McuImage, RefusesAnotherMagic) { EXPECT_EQ(check(changed(0, 0)), Cause::no_image); }
TEST_F(McuImage, RefusesAChangedPayloadByte) { EXPECT_EQ(check(changed(300, 0x77)), Cause::hash_mismatch); }
TEST_F(McuImage, RefusesAChangedVersion) { EXPECT_EQ(check(changed(20, 9)), Cause::hash_mismatch); }
TEST_F(McuImage, RefusesAChangedCounter) {
  EXPECT_EQ(check(changed(trailer() + 8, 99)), Cause::hash_mismatch);
}
TEST_F(McuImage, RefusesATinyHeader) { EXPECT_EQ(check(changed(9, 0)), Cause::bad_size); }
TEST_F(McuImage, RefusesAHugePayload) { EXPECT_EQ(check(changed(15, 0x7f)), Cause::bad_size); }
TEST_F(McuImage, RefusesAPayloadSizeThatWraps) {
  Bytes image = good;
  store32(image.data() + 12, 0xffffff00u);
  EXPECT_EQ(check(image), Cause::bad_size);
}
TEST_F(McuImage, RefusesNoProtectedArea) { EXPECT_EQ(check(changed(10, 0)), Cause::bad_size); }
TEST_F(McuImage, RefusesAWrongProtectedMagic) {
  EXPECT_EQ(check(changed(trailer(), 0x07)), Cause::bad_format);
}
TEST_F(McuImage, RefusesAWrongProtectedLength) {
  EXPECT_EQ(check(changed(trailer() + 2, 36)), Cause::bad_size);
}
TEST_F(McuImage, RefusesAWrongTlvMagic) {
  EXPECT_EQ(check(changed(trailer() + 32, 0x08)), Cause::bad_format);
}
TEST_F(McuImage, RefusesATlvAreaBeyondTheSlot) {
  EXPECT_EQ(check(changed(trailer() + 35, 0xff)), Cause::bad_size);
}
TEST_F(McuImage, RefusesATlvBeyondItsArea) { EXPECT_EQ(check(changed(trailer() + 6, 60)), Cause::bad_size); }
TEST_F(McuImage, RefusesAMissingHash) { EXPECT_EQ(check(changed(trailer() + 36, 0x11)), Cause::bad_format); }
TEST_F(McuImage, RefusesAMissingSignature) {
  EXPECT_EQ(check(changed(trailer() + 72, 0x23)), Cause::bad_format);
}
TEST_F(McuImage, RefusesACounterOutsideTheSignedArea) {
  EXPECT_EQ(check(changed(trailer() + 36, 0x50)), Cause::bad_format);
}
TEST_F(McuImage, RefusesAHashTwice) {
  Bytes image = good;
  image[trailer() + 72] = 0x10;
  EXPECT_EQ(check(image), Cause::bad_format);
}

TEST_F(McuImage, RefusesAnotherKey) {
  const auto stranger = host::P256Key::generate().value();
  EXPECT_EQ(check(board.image(3, 1, "test-board", &stranger)), Cause::bad_signature);
}
TEST_F(McuImage, RefusesAnotherBoard) {
  EXPECT_EQ(check(board.image(3, 1, "other-board")), Cause::wrong_model);
}
TEST_F(McuImage, RefusesACounterBelowTheFloor) {
  EXPECT_EQ(check(good, 3), Cause::ok);
  EXPECT_EQ(check(good, 4), Cause::downgrade);
}
TEST_F(McuImage, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < good.size(); size += size < 1200 ? 101 : 1) {
    EXPECT_NE(check(Bytes(good.begin(), good.begin() + static_cast<long>(size))), Cause::ok) << size;
  }
}
TEST_F(McuImage, RefusesEveryBitFlip) {
  for (std::size_t bit = 0; bit < good.size() * 8; bit += bit < 256 * 8 || bit > 1270 * 8 ? 1 : 97) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    ASSERT_NE(check(bad), Cause::ok) << bit;
  }
}

TEST_F(McuImage, RefusesASlotTooSmallForIt) {
  check(good);
  for (std::uint32_t limit : {0u, 31u, 32u, 300u, static_cast<std::uint32_t>(good.size()) - 1}) {
    EXPECT_NE(
        verify_image(board.flash, board.layout.slot[0], limit, board.crypto, {board.board.data(), 0}, info),
        Cause::ok);
  }
}

}  // namespace
}  // namespace stratus::mcu::image_test
