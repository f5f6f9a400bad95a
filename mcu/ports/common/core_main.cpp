// The library's core on a board without a network: journal, a patch into the other slot, the loader's
// decisions. What it works on stands in core_data.hpp, which the test makes: kOld and kNew, images of one
// release key and with the same counter, kPatch from one to the other, kReleaseKey, kBoardClass.
#include "board.hpp"
#include "core_data.hpp"

#include "stratus/mcu/boot.hpp"
#include "stratus/mcu/delta.hpp"
#include "stratus/mcu/software_crypto.hpp"
#include "stratus/mcu/updater.hpp"

using namespace stratus::mcu;
using namespace stratus::mcu::board;

namespace {

BoardFlash flash;
SoftwareCrypto crypto(kReleaseKey);

void check(bool ok, const char* what) {
  if (ok) return;
  print("core: ");
  print(what);
  print("\n");
  quit(false);
}

void keep_records() {
  for (uint32_t at = 0; at < kFlashSize; at += kSector) check(flash.erase(at), "erase");
  Journal journal(flash, kLayout.journal);
  check(!journal.mount(), "a blank journal has no record");
  for (uint32_t i = 1; i <= 200; ++i) {  // three times round both sectors
    Record record = journal.now();
    record.counter = i;
    check(journal.append(record), "append");
  }
  Journal again(flash, kLayout.journal);
  check(again.mount() && again.now().counter == 200 && again.now().seq == 200, "the newest record counts");
}

void install_old() {
  for (uint32_t at = 0; at < 2 * kSector; at += kSector) check(flash.erase(at), "erase the journal");
  static uint8_t padded[(sizeof kOld + 3) & ~3u];
  memset(padded, 0xff, sizeof padded);
  memcpy(padded, kOld, sizeof kOld);
  check(flash.program(kLayout.slot[0], padded, sizeof padded), "program");
}

BootChoice boot() {
  Journal journal(flash, kLayout.journal);
  return choose_boot(flash, kLayout, journal, crypto, kBoardClass);
}

void update() {
  Journal journal(flash, kLayout.journal);
  const BootChoice first = choose_boot(flash, kLayout, journal, crypto, kBoardClass);
  check(first.bootable && first.slot == 0 && !first.trial, "the old image boots");
  Updater updater(flash, kLayout, journal, crypto, kBoardClass);
  UpdateTarget target = {};
  crypto.hash_begin();
  crypto.hash_add(kNew, sizeof kNew);
  crypto.hash_end(target.digest);
  target.size = sizeof kNew;
  target.counter = 1;
  target.serial = 1;
  check(updater.begin(target) == Cause::ok && updater.offset() == 0, "begin");
  DeltaHeader header;
  check(parse_delta_header(kPatch, header) == Cause::ok && header.base_size == sizeof kOld,
        "the patch's header");
  DeltaDecoder decoder(flash, kLayout.slot[0], updater);
  decoder.begin(header);
  check(decoder.feed(kPatch + kDeltaHeaderSize, sizeof kPatch - kDeltaHeaderSize) == Cause::ok, "the patch");
  check(decoder.finish() == Cause::ok, "all of the patch");
  check(updater.finish() == Cause::ok, "digest and signature of the new image");
}

}  // namespace

extern "C" void run() {
  keep_records();
  install_old();
  update();
  check(boot().trial, "the new image is tried");
  Journal journal(flash, kLayout.journal);
  const BootChoice trial = choose_boot(flash, kLayout, journal, crypto, kBoardClass);
  check(trial.trial && trial.slot == 1, "and tried again");
  Updater updater(flash, kLayout, journal, crypto, kBoardClass);
  check(updater.accept() == Cause::ok, "accept");
  const BootChoice after = boot();
  check(after.bootable && after.slot == 1 && !after.trial, "the new image stays");
  const uint8_t zeros[4] = {};
  check(flash.program(kLayout.slot[1] + 512, zeros, sizeof zeros), "rot");
  const BootChoice back = boot();
  check(back.bootable && back.slot == 0 && back.cause == Cause::hash_mismatch, "a changed image is left");
  print("core: ok\n");
  quit(true);
}
