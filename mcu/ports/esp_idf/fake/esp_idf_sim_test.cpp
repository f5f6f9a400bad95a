// The ESP-IDF port with the library's updater on the chip of esp_chip.hpp: power cut at every flash
// operation, the loader's and otadata's included.
#include "esp_ports.hpp"
#include "fake/esp_chip.hpp"
#include <gtest/gtest.h>

namespace stratus::mcu::esp {
namespace {

constexpr char kBoard[] = "esp32-board";
enum class Story { good, crash, self_test, cancel };

// An ESP-IDF binary as far as anybody here looks, in an image with a header of a sector.
Bytes application(std::uint8_t version) {
  Bytes payload(15'008, version);
  payload[0] = 0xe9;
  host::ImageFields fields;
  fields.major = version;
  fields.security_counter = version;
  fields.model = kBoard;
  fields.header_size = kHeader;
  return host::write_image(
             payload, fields,
             [](const host::RawDigest& d) -> Result<Bytes> { return sim::sim_signature(d, "release"); })
      .value();
}

struct Images {
  Bytes one = application(1), two = application(2);
};

class Board {
 public:
  Board(const Images& images, Story story, unsigned seed) : images_(images), story_(story), chip_(seed) {
    auto& bytes = chip_.flash.memory.bytes;  // as it leaves the factory
    std::copy_n(images.one.begin(), kHeader, bytes.begin() + chip_.own.address + 0x2000);
    std::copy(images.one.begin() + kHeader, images.one.end(), bytes.begin() + chip_.ota[0].address);
  }

  std::string run(std::uint64_t cut_at, sim::CutModel model) {
    chip_.flash.cut_at = cut_at;
    chip_.flash.model = model;
    for (int lives = 0; lives < 20; ++lives) {
      try {
        if (live()) return failure_.empty() ? judge() : failure_;
      } catch (const Restart&) {
      } catch (const sim::PowerCut&) {
        chip_.flash.cut_at = 0;
        was_cut_ = true;
      }
      if (chip_.flash.memory.bits_set != 0) return "programmed a 1 over a 0 (flash not erased)";
    }
    return "does not settle";
  }
  std::uint64_t operations() const { return chip_.flash.operations; }
  bool gave_up() const { return running_ == 1; }

 private:
  bool whole(int slot) const {
    const auto* const at = chip_.flash.memory.bytes.data() + chip_.ota[slot].address;
    const auto same = [&](const Bytes& image) {
      return std::equal(image.begin() + kHeader, image.end(), at);
    };
    return same(images_.one) || same(images_.two);
  }
  bool fail(const char* why) {
    failure_ = why;
    return true;
  }

  bool live() {
    const int slot = chip_.boot([this](int s) { return whole(s); });
    if (slot < 0) return fail("nothing bootable");
    running_ = chip_.flash.memory.bytes[chip_.ota[slot].address + 1];
    EspFlash flash;
    if (!flash.start()) return fail("no partitions");
    EspBoot boot(flash);
    Journal journal(flash, flash.layout().journal);
    journal.mount();
    const auto board_class = host::board_class_of(kBoard);
    Updater updater(flash, flash.layout(), journal, crypto_, board_class.data(), &boot);
    if (updater.after_boot() != Cause::ok || !boot.settle(updater))
      return fail("could not settle with the loader");
    if (updater.target_slot() == slot && !updater.on_trial()) return fail("would write over what runs");
    if (running_ == 2 && story_ == Story::crash) return false;
    if (updater.on_trial()) {
      if (story_ == Story::self_test) updater.reject(Cause::self_test_failed);
      if (updater.accept() != Cause::ok) return fail("could not accept");
      return true;
    }
    const auto digest = host::raw_sha256(images_.two);
    if (running_ == 2 || updater.is_bad(digest.data()) || cancelled_) return true;
    UpdateTarget target = {};
    std::copy(digest.begin(), digest.end(), target.digest);
    target.size = static_cast<std::uint32_t>(images_.two.size());
    target.counter = 2;
    if (updater.state().state == State::staged) return false;
    if (updater.begin(target) != Cause::ok) return fail("could not begin");
    updater.write(images_.two.data() + updater.offset(), target.size - updater.offset());
    if (updater.finish() != Cause::ok) return fail("could not finish");
    if (story_ == Story::cancel) {
      if (updater.cancel() != Cause::ok) return fail("could not take it back");
      cancelled_ = true;
    }
    return false;
  }

  std::string judge() const {
    if (story_ == Story::good) return running_ == 2 ? "" : "settled without the update";
    // A cut between otadata and journal may let a taken-back update through: it is whole and signed.
    if (story_ == Story::cancel) return running_ == 1 || was_cut_ ? "" : "runs what was taken back";
    return running_ == 1 ? "" : "settled on the bad version";
  }

  const Images& images_;
  Story story_;
  EspChip chip_;
  sim::SimCrypto crypto_;
  int running_ = 0;
  bool was_cut_ = false, cancelled_ = false;
  std::string failure_;
};

class McuEspIdf : public testing::TestWithParam<Story> {};

TEST_P(McuEspIdf, NoCutHarmsTheChip) {
  const Images images;
  Board first(images, GetParam(), 1);
  ASSERT_EQ(first.run(0, sim::CutModel::before), "");
  const std::uint64_t total = first.operations();
  ASSERT_GT(total, 60u);
  unsigned gave_up = 0;
  for (std::uint64_t k = 1; k <= total; k += sim::kCutStep) {
    for (const sim::CutModel model : sim::kCutModels) {
      Board board(images, GetParam(), static_cast<unsigned>(k));
      ASSERT_EQ(board.run(k, model), "") << "cut " << k << " model " << static_cast<int>(model);
      gave_up += board.gave_up() ? 1 : 0;
    }
  }
  // A single cut costs a trial at most, never the update.
  if (GetParam() == Story::good) EXPECT_EQ(gave_up, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, McuEspIdf,
                         testing::Values(Story::good, Story::crash, Story::self_test, Story::cancel));

TEST(McuEspFlash, OneImageLiesInTwoPlaces) {
  EspChip chip(1);
  EspFlash flash;
  ASSERT_TRUE(flash.start());
  EXPECT_EQ(flash.layout().slot_size, kHeader + chip.ota[0].size);
  EXPECT_EQ(flash.assets_layout().slot_size, 0u);
  std::uint8_t data[64], back[64];
  for (std::size_t i = 0; i < sizeof data; ++i) data[i] = static_cast<std::uint8_t>(i);
  const std::uint32_t at = kSlotAt[1] + kHeader - 32;  // over the seam
  ASSERT_TRUE(flash.program(at, data, sizeof data));
  ASSERT_TRUE(flash.read(at, back, sizeof back));
  EXPECT_EQ(memcmp(data, back, sizeof data), 0);
  EXPECT_EQ(chip.flash.memory.bytes[chip.ota[1].address], 32);
  EXPECT_TRUE(flash.erase(kSlotAt[1]));
  EXPECT_FALSE(flash.read(kSlotAt[0] + kHeader + chip.ota[0].size - 4, back, 8));
  EXPECT_FALSE(flash.read(0x03000000, back, 1));
  EXPECT_FALSE(flash.read(0x7f000000, back, 1));
  EXPECT_FALSE(flash.erase(kSlotAt[0] + kHeader + chip.ota[0].size));
}

}  // namespace
}  // namespace stratus::mcu::esp
