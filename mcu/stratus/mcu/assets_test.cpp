#include "stratus/mcu/assets.hpp"

#include "host/assets_writer.hpp"
#include "host/image_writer.hpp"
#include "host/memory_flash.hpp"
#include <gtest/gtest.h>

#include "stratus/mcu/board_testing.hpp"

namespace stratus::mcu::assets_test {
namespace {

using host::AssetFile;

// An area whose first slot holds a package, as if it had come with the last release.
class McuAssets : public testing::Test {
 protected:
  McuAssets() {
    pixels.resize(480 * 2 * 272);
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 13 >> 4);
    place(host::write_assets({{"logo", pixels, 480, 272, 960, 1}, {"beep", Bytes(777, 5)}, {"empty", {}}})
              .value());
  }
  void place(const Bytes& payload) {
    host::ImageFields fields;
    fields.model = "test-board/assets";
    fields.header_size = 32;
    fields.payload_unit = 1;
    const Bytes image = host::write_image(payload, fields, board.key.signer()).value();
    std::copy(image.begin(), image.end(), flash.bytes.begin() + layout.slot[0]);
    area.start(State::ready);
  }
  TestBoard board;
  host::MemoryFlash flash{170 * 4096, 4096, 4};
  FlashLayout layout{0, {2 * 4096, 80 * 4096}, 78 * 4096};
  ComponentArea area{ComponentKind::assets, flash, layout, board.crypto, "test-board"};
  Assets assets{area};
  Bytes pixels;
};

TEST_F(McuAssets, StreamsWholeRowsThroughTwoBuffersInTurns) {
  std::uint8_t buffers[2][2000];  // two rows of 960 bytes
  AssetStream stream(assets, buffers[0], buffers[1], sizeof buffers[0]);
  ASSERT_EQ(stream.open("logo"), Cause::ok);
  EXPECT_EQ(stream.asset().width, 480);
  EXPECT_EQ(stream.asset().height, 272);
  Bytes drawn;
  const std::uint8_t* before = nullptr;
  Bytes kept;
  std::uint32_t size = 0;
  while (const std::uint8_t* rows = stream.next(size)) {
    EXPECT_EQ(size, 1920u);
    EXPECT_NE(rows, before);
    // What the panel still takes was not touched.
    if (before != nullptr) EXPECT_EQ(Bytes(before, before + 1920), kept);
    kept.assign(rows, rows + size);
    before = rows;
    drawn.insert(drawn.end(), rows, rows + size);
  }
  EXPECT_EQ(stream.cause(), Cause::ok);
  EXPECT_EQ(drawn, pixels);
}

TEST_F(McuAssets, PlainBytesComeInBuffersFull) {
  std::uint8_t buffers[2][500];
  AssetStream stream(assets, buffers[0], buffers[1], 500);
  ASSERT_EQ(stream.open("beep"), Cause::ok);
  std::uint32_t size = 0;
  ASSERT_NE(stream.next(size), nullptr);
  EXPECT_EQ(size, 500u);
  ASSERT_NE(stream.next(size), nullptr);
  EXPECT_EQ(size, 277u);
  EXPECT_EQ(stream.next(size), nullptr);
  EXPECT_EQ(stream.open("empty"), Cause::ok);
  EXPECT_EQ(stream.next(size), nullptr);
  EXPECT_EQ(stream.cause(), Cause::ok);
}

TEST_F(McuAssets, SaysWhyNot) {
  std::uint8_t buffers[2][959];
  AssetStream stream(assets, buffers[0], buffers[1], 959);
  std::uint32_t size = 0;
  EXPECT_EQ(stream.next(size), nullptr);
  EXPECT_EQ(stream.open("log"), Cause::not_found);
  EXPECT_EQ(stream.open("logoo"), Cause::not_found);
  EXPECT_EQ(stream.open("a name of more than twenty-four bytes"), Cause::not_found);
  EXPECT_EQ(stream.open("logo"), Cause::too_large);
  ASSERT_EQ(stream.open("beep"), Cause::ok);
  area.start(State::ready);  // other assets come into use in the middle
  EXPECT_EQ(stream.next(size), nullptr);
  EXPECT_EQ(stream.cause(), Cause::conflict);
  EXPECT_EQ(stream.open("beep"), Cause::ok);
}

TEST_F(McuAssets, ADamagedPartIsNotShown) {
  flash.bytes[layout.slot[0] + 3000] ^= 1;
  area.start(State::ready);
  EXPECT_FALSE(area.exists());
  EXPECT_EQ(assets.count(), 0u);
  Asset asset;
  EXPECT_FALSE(assets.find("logo", asset));
}

// A signature does not make a package right: every field is bounded all the same.
TEST_F(McuAssets, BadIndexesStayInsideThePart) {
  const Bytes good = host::write_assets({{"a", Bytes(64, 7), 8, 4, 16, 1}}).value();
  Asset asset;
  const auto with = [&](std::size_t at, std::uint32_t value, std::size_t size) {
    Bytes bad = good;
    for (std::size_t i = 0; i < size; ++i) bad[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
    place(bad);
    return assets.find("a", asset);
  };
  EXPECT_TRUE(with(0, kAssetsMagic, 4));
  EXPECT_FALSE(with(0, kAssetsMagic + 1, 4));
  EXPECT_FALSE(with(4, 0xffff, 2));   // more entries than there is room for
  EXPECT_FALSE(with(6, 39, 2));       // another size of entries
  EXPECT_FALSE(with(8 + 32, 49, 4));  // one byte over the end
  EXPECT_FALSE(with(8 + 32, 0xffffffff, 4));
  EXPECT_FALSE(with(8 + 36, 0xfffffff0, 4));
  EXPECT_FALSE(with(8 + 28, 7, 2));  // not whole rows
  place(Bytes(7, 1));
  EXPECT_EQ(assets.count(), 0u);
}

TEST(McuAssetsWriter, RefusesWhatDevicesWould) {
  EXPECT_FALSE(host::write_assets({{"", {}}}).has_value());
  EXPECT_FALSE(host::write_assets({{"a name of more than twenty-four bytes", {}}}).has_value());
  EXPECT_FALSE(host::write_assets({{"a", {}}, {"a", {}}}).has_value());
  EXPECT_FALSE(host::write_assets({{"a", Bytes(10, 1), 2, 2, 4, 1}}).has_value());
}

}  // namespace
}  // namespace stratus::mcu::assets_test
