// The library's ports on ESP-IDF 5: flash partitions, otadata, esp_tls, clock and random numbers.
//
// ESP-IDF's loader wants an application at the very start of its partition. Images for it are made with a
// header of one sector (stratus-mcu-tool image --header 4096): that sector lies in the partition "stratus",
// the payload, an ordinary ESP-IDF binary, at the start of ota_0 or ota_1, the signatures behind it. So the
// loader and the library see the same bytes, each where it looks for them.
//
// Needs CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE. The loader gives a new image one trial; Updater::after_boot
// hands it over again until it had three.
#pragma once

#include <esp_ota_ops.h>
#include <esp_partition.h>
#include <esp_tls.h>

#include "stratus/mcu/updater.hpp"

namespace stratus::mcu::esp {

constexpr uint32_t kSector = 4096;
constexpr uint32_t kHeader = kSector;  // of images for this port

// Addresses of the library: the upper byte names the place, the rest counts from its start.
constexpr uint32_t kJournalAt = 0x00000000;
constexpr uint32_t kIdentityAt = 0x00004000;
constexpr uint32_t kAssetsJournalAt = 0x00006000;
constexpr uint32_t kSlotAt[2] = {0x01000000, 0x02000000};
constexpr uint32_t kAssetsAt[2] = {0x03000000, 0x04000000};

class EspFlash final : public Flash {
 public:
  // 16 bytes at once: so it works with flash encryption too.
  EspFlash() : Flash(kSector, 16) {}
  // Finds the partitions; false: the partition table lacks one. Assets may be missing.
  bool start();
  // Of the firmware; its size is the smaller application partition's, and the header.
  const FlashLayout& layout() const { return layout_; }
  const FlashLayout& assets_layout() const { return assets_layout_; }  // slot_size 0: there are none
  const esp_partition_t* application(uint8_t slot) const { return slots_[slot & 1]; }

  bool read(uint32_t at, void* to, uint32_t size) override;
  bool program(uint32_t at, const void* from, uint32_t size) override;
  bool erase(uint32_t at) override;

 private:
  struct Place {
    const esp_partition_t* partition;
    uint32_t offset;
    uint32_t left;  // bytes that lie there together
  };
  Place find(uint32_t at) const;
  // Calls move(place, bytes done, bytes now) for each place of [at, at + size).
  template <typename Move>
  bool walk(uint32_t at, uint32_t size, Move move) const;

  const esp_partition_t* own_ = nullptr;
  const esp_partition_t* slots_[2] = {};
  const esp_partition_t* assets_[2] = {};
  FlashLayout layout_ = {kJournalAt, {kSlotAt[0], kSlotAt[1]}, 0};
  FlashLayout assets_layout_ = {kAssetsJournalAt, {kAssetsAt[0], kAssetsAt[1]}, 0};
};

// otadata as the boot control. reject() restarts the chip and does not come back. After every start call, in
// this order, Journal::mount, Updater::after_boot and settle.
class EspBoot final : public BootControl {
 public:
  explicit EspBoot(const EspFlash& flash) : flash_(flash) {}
  uint8_t running() override;
  bool on_trial() override;
  bool stage(uint8_t slot) override;
  bool accept() override;
  bool reject() override;
  // What runs is on trial although the journal tries nothing (power went while an update was taken back): it
  // stays.
  bool settle(const Updater& updater) { return !on_trial() || updater.on_trial() || accept(); }

 private:
  const EspFlash& flash_;
};

class EspStream final : public Stream {
 public:
  // `configuration` (root, own certificate and key, timeout_ms) is kept by reference.
  EspStream(const char* host, int port, const esp_tls_cfg_t& configuration)
      : host_(host), port_(port), configuration_(configuration) {}
  bool open() override;
  int32_t read(void* to, uint32_t size) override;
  bool readable() override;
  bool write(const void* from, uint32_t size) override;
  void close() override;

 private:
  const char* host_;
  int port_;
  const esp_tls_cfg_t& configuration_;
  esp_tls_t* tls_ = nullptr;
};

class EspClock final : public Clock {
 public:
  uint32_t millis() override;
  uint32_t unix_time() override;  // 0 until SNTP has set the clock
};

class EspEntropy final : public Entropy {
 public:
  bool fill(void* to, uint32_t size) override;
};

}  // namespace stratus::mcu::esp
