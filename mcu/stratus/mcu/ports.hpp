// What a board has to provide. Every effect of the library goes through one of these.
//
// One thread. Nothing here owns memory; implementations live as long as what uses them. Destructors are
// protected and not virtual: ports are never deleted through their base, so no operator delete is needed.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace stratus::mcu {

// NOR-like flash: erasing sets a sector to 0xFF, programming only clears bits. Addresses are the port's own.
class Flash {
 public:
  virtual bool read(uint32_t at, void* to, uint32_t size) = 0;
  // `at` and `size` are multiples of `align`; the place was erased before.
  virtual bool program(uint32_t at, const void* from, uint32_t size) = 0;
  virtual bool erase(uint32_t at) = 0;  // the sector that starts at `at`

  const uint32_t sector;  // bytes erased at once
  const uint32_t align;   // bytes programmed at once, at most 64

 protected:
  Flash(uint32_t sector_size, uint32_t program_align) : sector(sector_size), align(program_align) {}
  ~Flash() = default;
};

// Digests and signatures, in software (SoftwareCrypto) or by the chip's engine. One digest at a time.
class Crypto {
 public:
  virtual void hash_begin() = 0;
  virtual void hash_add(const void* data, uint32_t size) = 0;
  virtual void hash_end(uint8_t digest[32]) = 0;
  // True only if `signature` (DER, ECDSA P-256) over `digest` was made by the release key.
  virtual bool verify(const uint8_t digest[32], const uint8_t* signature, uint32_t size) = 0;

 protected:
  ~Crypto() = default;
};

// The device's own key, born on the device, never leaving it. Only certificate requests need it.
class DeviceKey {
 public:
  virtual bool public_key(uint8_t xy[64]) = 0;
  // DER signature into `out` (72 bytes); its length, 0 when it failed.
  virtual uint32_t sign(const uint8_t digest[32], uint8_t* out) = 0;

 protected:
  ~DeviceKey() = default;
};

// Only where the boot loader is not ours (ESP-IDF's otadata, MCUboot's trailer, PSA-FWU). With stratus-boot
// the journal alone is the boot control and the updater gets none.
class BootControl {
 public:
  virtual uint8_t running() = 0;         // slot that executes now
  virtual bool on_trial() = 0;           // the running slot still has to be accepted
  virtual bool stage(uint8_t slot) = 0;  // boot it next, on trial
  virtual bool accept() = 0;             // the running slot stays
  virtual bool reject() = 0;             // the other slot boots next

 protected:
  ~BootControl() = default;
};

// A connection to the server: TLS over TCP, plain TCP, or a serial line. Blocking with a time-out.
class Stream {
 public:
  virtual bool open() = 0;  // to the configured server; authenticated both ways where it is TLS
  // Bytes; 0: the connection has ended, in whatever way; negative: timed out, or failed otherwise.
  virtual int32_t read(void* to, uint32_t size) = 0;
  // True when read() would not wait: bytes are there, or the connection has ended.
  virtual bool readable() = 0;
  virtual bool write(const void* from, uint32_t size) = 0;  // all or failed
  virtual void close() = 0;

 protected:
  ~Stream() = default;
};

class Clock {
 public:
  virtual uint32_t millis() = 0;     // monotonic, wraps
  virtual uint32_t unix_time() = 0;  // seconds; 0 while unknown

 protected:
  ~Clock() = default;
};

class Entropy {
 public:
  virtual bool fill(void* to, uint32_t size) = 0;

 protected:
  ~Entropy() = default;
};

class Watchdog {
 public:
  virtual void feed() = 0;

 protected:
  ~Watchdog() = default;
};

class Log {
 public:
  virtual void line(const char* text) = 0;

 protected:
  ~Log() = default;
};

// Takes bytes in order.
class ByteSink {
 public:
  virtual bool write(const uint8_t* data, uint32_t size) = 0;

 protected:
  ~ByteSink() = default;
};

// Where things lie in one flash. Everything starts on a sector.
struct FlashLayout {
  uint32_t journal;  // two sectors
  uint32_t slot[2];
  uint32_t slot_size;  // a multiple of the sector
};

}  // namespace stratus::mcu
