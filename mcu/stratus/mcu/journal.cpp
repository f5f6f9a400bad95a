#include "stratus/mcu/journal.hpp"

namespace stratus::mcu {
namespace {

uint32_t crc_of(const Record& record) { return crc32(&record, sizeof record - sizeof record.crc); }

bool is_blank(const Record& record) {
  const uint8_t* p = reinterpret_cast<const uint8_t*>(&record);
  uint8_t all = 0xff;
  for (uint32_t i = 0; i < sizeof record; ++i) all &= p[i];
  return all == 0xff;
}

}  // namespace

bool Journal::mount() {
  bool found = false;
  memset(&now_, 0, sizeof now_);
  const uint32_t per_sector = flash_.sector / sizeof(Record);
  for (uint8_t s = 0; s < 2; ++s) {
    uint32_t& n = used_[s];
    for (n = 0; n < per_sector; ++n) {
      Record record;
      if (!flash_.read(at_ + s * flash_.sector + n * sizeof record, &record, sizeof record)) continue;
      if (is_blank(record)) break;
      if (record.crc != crc_of(record)) continue;  // torn: its place is spent
      if (found && record.seq <= now_.seq) continue;
      now_ = record;
      current_ = s;
      found = true;
    }
  }
  if (!found) used_[0] = per_sector;  // rubbish in both: the first append erases sector 1 and starts there
  if (!found) current_ = 0;
  return found;
}

bool Journal::write(const Record& record) {
  const uint32_t at = at_ + current_ * flash_.sector + used_[current_] * sizeof record;
  Record back;
  const bool done = flash_.program(at, &record, sizeof record);
  // A place that took nothing is used again: mount() looks no further than the first blank one.
  if (!flash_.read(at, &back, sizeof back) || !is_blank(back)) ++used_[current_];
  return done && memcmp(&back, &record, sizeof back) == 0;
}

bool Journal::append(const Record& wanted) {
  Record next = wanted;
  next.seq = now_.seq + 1;
  next.crc = crc_of(next);
  const uint32_t per_sector = flash_.sector / sizeof(Record);
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (used_[current_] >= per_sector) {
      const uint8_t other = current_ ^ 1;
      if (!flash_.erase(at_ + other * flash_.sector)) return false;
      current_ = other;
      used_[other] = 0;
    }
    if (!write(next)) continue;
    now_ = next;
    return true;
  }
  return false;
}

}  // namespace stratus::mcu
