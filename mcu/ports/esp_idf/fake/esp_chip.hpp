// What ESP-IDF's loader and esp_ota do with otadata, on a simulated flash, from their documentation: two
// sectors of one 32-byte entry each {sequence, label, state, CRC of the sequence}; the newest valid one names
// the slot by (sequence - 1) % 2; changing an entry erases its sector first. One new image gets one trial.
#pragma once

#include "sim/sim_testing.hpp"
#include <esp_ota_ops.h>

namespace stratus::mcu::esp {

struct Restart {};  // thrown by what restarts the chip

class EspChip {
 public:
  explicit EspChip(unsigned seed);
  ~EspChip();

  // The loader: chooses the partition that runs from now on; -1: none. `whole` says whether a slot holds an
  // image.
  template <class Whole>
  int boot(Whole whole) {
    int slot = choose();
    if (slot >= 0 && !whole(slot)) slot = whole(slot ^ 1) ? slot ^ 1 : -1;
    running = slot;
    return slot;
  }
  struct Entry {
    std::uint32_t seq;
    std::uint8_t label[20];
    std::uint32_t state, crc;
  };
  Entry entry(unsigned sector) const;
  bool valid(const Entry& entry) const;
  int active() const;  // sector of the entry that counts; -1: none
  void rewrite(unsigned sector, std::uint32_t seq, std::uint32_t state);

  static constexpr std::uint32_t kSectorSize = 4096;
  esp_partition_t otadata, own, ota[2];
  sim::SimFlash flash;
  int running = 0;

 private:
  int choose();
};

}  // namespace stratus::mcu::esp
