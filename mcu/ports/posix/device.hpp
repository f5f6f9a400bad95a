// One microcontroller as a process: what its loader and its firmware would do, from one reset to the next.
#pragma once

#include <string>

#include "ports/posix/file_flash.hpp"
#include "ports/posix/openssl_ports.hpp"

#include "stratus/mcu/boot.hpp"
#include "stratus/mcu/client.hpp"
#include "stratus/mcu/components.hpp"
#include "stratus/mcu/identity.hpp"

namespace stratus::mcu::posix {

struct DeviceOptions {
  std::string state;  // directory; holds flash.bin
  std::string host, https_port, mqtt_host, mqtt_port;
  std::string root;  // certificate of the authority, PEM
  std::string code;  // one-time; needed once
  std::string name;  // to enrol under; may be empty
  std::string firmware, model;
  std::array<uint8_t, 64> release_key{}, assignment_key{};
  uint32_t poll_seconds = 60;
};

// Where things lie in flash.bin, 16 bytes programmed at once.
struct FlashMap {
  static constexpr uint32_t kSize = 0x420000;
  static constexpr uint32_t kIdentity = 0x6000;
  FlashLayout firmware{0x1000, {0x10000, 0x110000}, 0x100000};
  FlashLayout assets{0x8000, {0x210000, 0x310000}, 0x100000};
  FlashLayout configuration{0xa000, {0xc000, 0xe000}, 0x2000};
};

class Device {
 public:
  explicit Device(const DeviceOptions& options);

  bool ok() const { return flash_.ok(); }
  // Puts an image into the first slot of a blank flash, as a programmer would; false: not blank, or too
  // large.
  bool install(const std::string& image);
  // From a reset to the next. False: nothing is bootable, or `stopped` became true.
  bool live(const volatile bool& stopped);

 private:
  bool enrol(const volatile bool& stopped);
  Cause request(const char* path, const char* code, const char* device);
  void use_identity();
  void show(ComponentArea& assets);
  bool pause(const volatile bool& stopped, unsigned milliseconds);

  DeviceOptions options_;
  FlashMap map_;
  FileFlash flash_;
  OpenSslCrypto crypto_, assignment_, hash_;
  OpenSslEntropy entropy_;
  SystemClock clock_;
  IdentityStore identity_;
  TlsIdentity tls_;
};

}  // namespace stratus::mcu::posix
