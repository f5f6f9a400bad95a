#include "stratus/mcu/boot.hpp"

namespace stratus::mcu {
namespace {

struct Slots {
  Flash& flash;
  const FlashLayout& layout;
  Crypto& crypto;
  ImagePolicy policy;
  Cause verify(uint8_t slot, ImageInfo& info) const {
    return verify_image(flash, layout.slot[slot], layout.slot_size, crypto, policy, info);
  }
};

// Higher counter wins, then the higher version, then slot 0.
bool newer(const ImageInfo& a, const ImageInfo& b) {
  if (a.counter != b.counter) return a.counter > b.counter;
  if (a.version[0] != b.version[0]) return a.version[0] > b.version[0];
  if (a.version[1] != b.version[1]) return a.version[1] > b.version[1];
  if (load16(a.version + 2) != load16(b.version + 2)) return load16(a.version + 2) > load16(b.version + 2);
  return load32(a.version + 4) > load32(b.version + 4);
}

// No journal: the newest valid image, and a new journal that says so.
BootChoice choose_without_journal(const Slots& slots, Journal& journal) {
  BootChoice choice = {};
  if (slots.verify(0, choice.info) == Cause::ok) choice.bootable = true;
  ImageInfo other;
  if (slots.verify(1, other) == Cause::ok && (!choice.bootable || newer(other, choice.info))) {
    choice.bootable = true;
    choice.slot = 1;
    choice.info = other;
  }
  if (choice.bootable) {
    Record record = {};
    record.active = choice.slot;
    record.counter = choice.info.counter;
    journal.append(record);
  }
  return choice;
}

}  // namespace

BootChoice choose_boot(Flash& flash, const FlashLayout& layout, Journal& journal, Crypto& crypto,
                       const uint8_t board_class[16]) {
  Slots slots{flash, layout, crypto, {board_class, 0}};
  if (!journal.mount()) return choose_without_journal(slots, journal);

  BootChoice choice = {};
  Record record = journal.now();
  slots.policy.counter_floor = record.counter;
  choice.slot = record.active & 1;
  bool changed = false;
  if (record.state == State::staged || record.state == State::trial) {
    const uint8_t candidate = choice.slot ^ 1;
    choice.cause = record.tries == 0 ? Cause::trial_failed : slots.verify(candidate, choice.info);
    if (choice.cause == Cause::ok) {
      --record.tries;
      record.state = State::trial;
      // Without the record the try would not count, and a crashing image would be tried for ever.
      if (journal.append(record)) {
        choice.slot = candidate;
        choice.trial = choice.bootable = true;
        return choice;
      }
      choice.cause = Cause::io;
    }
    record.state = State::rejected;
    record.cause = choice.cause;
    memcpy(record.bad, record.digest, sizeof record.bad);
    changed = true;
  }

  const Cause active = slots.verify(choice.slot, choice.info);
  choice.bootable = active == Cause::ok;
  if (!choice.bootable) {  // whatever else is acceptable, even an image once rejected, is better than none
    const uint8_t other = choice.slot ^ 1;
    if (slots.verify(other, choice.info) == Cause::ok) {
      choice.bootable = true;
      choice.slot = other;
      choice.cause = active;
      record.active = other;
      record.state = State::ready;
      changed = true;
    }
  }
  if (changed) journal.append(record);
  return choice;
}

}  // namespace stratus::mcu
