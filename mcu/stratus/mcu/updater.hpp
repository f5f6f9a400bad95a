// Fills the other slot, across power loss, and hands it to the boot loader.
//
// WRITING (a mark in the journal each kMark bytes, or each sector where sectors are larger) -> CANDIDATE ->
// verified from flash -> STAGED -> [boot loader: TRIAL] -> accept(): UPDATED, counter floor raised, or
// reject(): REJECTED, digest remembered. A begun update of the same digest goes on at its last mark.
#pragma once

#include "stratus/mcu/image.hpp"
#include "stratus/mcu/journal.hpp"

namespace stratus::mcu {

constexpr uint32_t kMark = 16 * 1024;
constexpr uint32_t kPage = 128;
constexpr uint8_t kTrials = 3;
constexpr uint8_t kTold = 0xff;  // in `tries` of a rejected update: the server knows
constexpr uint32_t kAnyCounter = 0xffffffff;

struct UpdateTarget {
  uint8_t digest[32];  // SHA-256 of the complete image file
  uint32_t size;
  uint32_t counter;  // security counter the manifest promises; kAnyCounter: none, the floor decides
  uint32_t serial;   // of that manifest
};

class Updater final : public ByteSink {
 public:
  // `boot` only where the boot loader is not stratus-boot.
  Updater(Flash& flash, const FlashLayout& layout, Journal& journal, Crypto& crypto,
          const uint8_t board_class[16], BootControl* boot = nullptr);

  // After every start, with the journal mounted: where the boot loader is not ours, learns what it did.
  Cause after_boot();

  // Starts or resumes; `offset()` then says from which byte the image is wanted.
  Cause begin(const UpdateTarget& target);
  uint32_t offset() const { return offset_; }
  // Bytes of the image, in order from offset().
  bool write(const uint8_t* data, uint32_t size) override;
  // Everything arrived: checks it from flash and stages it. The next boot tries it.
  Cause finish();
  // Gives the update under way up; what runs is not touched.
  Cause cancel();

  // On trial: this image stays. Call only after an authenticated check-in.
  Cause accept();
  // On trial: this image is bad; the next boot goes back.
  Cause reject(Cause why);

  // The server has stored that the last update was given up. Durable, so that it is said once.
  Cause note_told();
  bool is_untold() const { return journal_.now().state == State::rejected && journal_.now().tries != kTold; }

  bool on_trial() const { return journal_.now().state == State::trial; }
  bool is_bad(const uint8_t digest[32]) const;
  const Record& state() const { return journal_.now(); }
  uint8_t target_slot() const { return (journal_.now().active & 1) ^ 1; }
  const uint8_t* board_class() const { return board_class_; }
  Cause error() const { return error_; }  // why write() said no

 private:
  bool flush();
  Cause store(State state, Cause cause);
  uint32_t slot_at() const { return layout_.slot[target_slot()]; }

  Flash& flash_;
  const FlashLayout& layout_;
  Journal& journal_;
  Crypto& crypto_;
  const uint8_t* board_class_;
  BootControl* boot_;
  UpdateTarget target_ = {};
  uint32_t offset_ = 0;   // bytes taken
  uint32_t flushed_ = 0;  // bytes programmed
  Cause error_ = Cause::conflict;
  alignas(4) uint8_t page_[kPage];
};

}  // namespace stratus::mcu
