// The device's durable memory of where an update stands: one 64-byte record, appended to two flash sectors.
//
// The newest record whose CRC holds is the truth, so a power cut inside an append leaves the record before
// it. When a sector is full the other one is erased and takes the next record; the newest record is never in
// a sector that is being erased. Every append is read back. Format: docs/formats/mcu-image.md.
#pragma once

#include "stratus/mcu/bytes.hpp"
#include "stratus/mcu/cause.hpp"
#include "stratus/mcu/ports.hpp"

namespace stratus::mcu {

// Names of the PSA firmware update API.
enum class State : uint8_t {
  ready,      // nothing under way
  writing,    // the other slot is being filled
  candidate,  // completely written, not yet verified
  staged,     // verified, waits for its first boot
  trial,      // booted, not yet accepted
  updated,    // the last update was accepted
  rejected,   // the last update was given up; `bad` names it, `cause` says why
};

constexpr uint32_t kShortDigest = 18;  // identity only; trust never rests on it

struct Record {
  uint32_t seq;
  uint8_t active;  // slot that boots when nothing is on trial
  State state;
  uint8_t tries;  // boots a staged image still has
  Cause cause;
  uint32_t counter;  // security counter floor; never falls
  uint32_t size;     // of the update in the other slot
  uint32_t offset;   // bytes of it that are safely in flash
  uint32_t serial;   // of the newest manifest that was acted on; older ones are replays
  uint8_t digest[kShortDigest];
  uint8_t bad[kShortDigest];  // last image that failed here; all zero: none
  uint32_t crc;
};
static_assert(sizeof(Record) == 64, "the record is a flash format");

class Journal {
 public:
  Journal(Flash& flash, uint32_t at) : flash_(flash), at_(at) {}

  // Finds the newest record. False when there is none: `now()` is then all zero.
  bool mount();
  const Record& now() const { return now_; }
  // Makes `next` durable and current; fills seq and crc. False: nothing changed, or flash is failing.
  bool append(const Record& next);

 private:
  bool write(const Record& record);

  Flash& flash_;
  uint32_t at_;
  Record now_ = {};
  uint32_t used_[2] = {};  // records of each sector that are no longer blank
  uint8_t current_ = 0;    // sector of the newest record
};

}  // namespace stratus::mcu
