// stratus-boot: decide (library), copy the image to where it runs, arm the watchdog, jump.
#include "board.hpp"
#include "release_key.hpp"

#include "stratus/mcu/boot.hpp"
#include "stratus/mcu/software_crypto.hpp"

using namespace stratus::mcu;
using namespace stratus::mcu::board;

extern "C" void run() {
  BoardFlash flash;
  SoftwareCrypto crypto(kReleaseKey);
  Journal journal(flash, kLayout.journal);
  const BootChoice choice = choose_boot(flash, kLayout, journal, crypto, kBoardClass);
  if (choice.cause != Cause::ok) {
    print("boot: ");
    print(cause_name(choice.cause));
    print("\n");
  }
  if (!choice.bootable) {
    print("boot: nothing bootable\n");
    quit(false);
  }
  const ImageInfo& info = choice.info;
  if (info.load_address != kAppAddress || info.size > kAppLimit - kAppAddress ||
      info.header_size % kAppAlign != 0) {
    print("boot: image is not linked for this board\n");
    quit(false);
  }
  flash.read(kLayout.slot[choice.slot], reinterpret_cast<void*>(kAppAddress),
             info.header_size + info.payload_size);
  print("boot: slot ");
  print_number(choice.slot);
  print(choice.trial ? ", trial\n" : "\n");
  auto* hand_over = reinterpret_cast<HandOver*>(kHandOver);
  *hand_over = {kHandOverMagic, choice.slot, choice.trial, static_cast<uint32_t>(choice.cause)};
  if (choice.trial) arm_watchdog(kWatchdogMs);
  jump(kAppAddress + info.header_size);
}
