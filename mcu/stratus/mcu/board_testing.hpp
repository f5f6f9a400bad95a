// A board in memory for the tests: flash, journal, two slots, a release key, images on demand.
#pragma once

#include <algorithm>

#include "host/image_writer.hpp"
#include "host/memory_flash.hpp"
#include "host/p256_key.hpp"

#include "stratus/mcu/boot.hpp"
#include "stratus/mcu/software_crypto.hpp"
#include "stratus/mcu/updater.hpp"

namespace stratus::mcu {

struct TestBoard {
  static constexpr std::uint32_t kSector = 4096;
  host::P256Key key = host::P256Key::generate().value();
  std::array<std::uint8_t, 64> xy = key.public_xy();
  std::array<std::uint8_t, 16> board = host::board_class_of("test-board");
  FlashLayout layout{0, {2 * kSector, 12 * kSector}, 10 * kSector};
  host::MemoryFlash flash{22 * kSector, kSector, 4};
  SoftwareCrypto crypto{xy.data()};

  // Version = security counter. `kilobytes` of payload.
  Bytes image(std::uint8_t version, std::size_t kilobytes = 20, std::string_view model = "test-board",
              const host::P256Key* signer = nullptr) const {
    Bytes payload(kilobytes * 1024);
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::uint8_t>(i * version >> 3);
    host::ImageFields fields;
    fields.major = version;
    fields.security_counter = version;
    fields.model = model;
    return host::write_image(payload, fields, (signer != nullptr ? *signer : key).signer()).value();
  }
  void put(int slot, const Bytes& image) {
    std::copy(image.begin(), image.end(), flash.bytes.begin() + layout.slot[slot]);
  }
  static UpdateTarget target(const Bytes& image, std::uint32_t counter) {
    UpdateTarget result = {};
    const auto digest = host::raw_sha256(image);
    std::copy(digest.begin(), digest.end(), result.digest);
    result.size = static_cast<std::uint32_t>(image.size());
    result.counter = counter;
    return result;
  }
  BootChoice boot(Journal& journal) { return choose_boot(flash, layout, journal, crypto, board.data()); }
  BootChoice boot() {
    Journal journal(flash, layout.journal);
    return boot(journal);
  }
  Cause verify(int slot, ImageInfo& info, std::uint32_t floor = 0) {
    return verify_image(flash, layout.slot[slot], layout.slot_size, crypto, {board.data(), floor}, info);
  }
};

}  // namespace stratus::mcu
