// What to boot: the whole decision of the boot loader, without the jump.
#pragma once

#include "stratus/mcu/image.hpp"
#include "stratus/mcu/journal.hpp"

namespace stratus::mcu {

struct BootChoice {
  bool bootable;  // false: neither slot holds an acceptable image
  uint8_t slot;
  bool trial;   // the image has to confirm itself; arm the watchdog
  Cause cause;  // why an update was given up or a slot left at this boot; ok otherwise
  ImageInfo info;
};

// Mounts the journal and decides. A staged image costs one try before it is chosen, so that a crash at any
// later point is counted; without a try left, or when it does not verify any more, it is rejected and its
// digest remembered. The chosen image was verified just now, from flash. Writes at most one record.
// Idempotent in effect: a power cut inside leads to a state from which the next boot decides as well.
BootChoice choose_boot(Flash& flash, const FlashLayout& layout, Journal& journal, Crypto& crypto,
                       const uint8_t board_class[16]);

}  // namespace stratus::mcu
