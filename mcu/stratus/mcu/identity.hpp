// Who the device is: name, private key, certificate and the one above it, in two flash sectors.
//
// A new identity is written beside the old one and counts once its head, written last, is whole; so a power
// cut in a renewal leaves one of the two, never none. The key that a request is under way for is kept behind
// the current identity: when the answer is lost the same request is sent again, because a server answers a
// code, and a device that asks too often, only for the key that it has seen. Format:
// docs/formats/mcu-image.md.
#pragma once

#include "stratus/mcu/csr.hpp"

namespace stratus::mcu {

struct IdentityHead {
  uint32_t magic;
  uint32_t seq;
  uint16_t certificate_size, chain_size;  // DER; they follow the head in this order
  uint32_t renew_after;                   // Unix seconds; 0: not known
  char device[kMaximumDevice];            // zero bytes after it
  uint8_t key[32];                        // private, big-endian
  uint32_t body_crc;                      // of both certificates
  uint32_t crc;                           // of everything before
};
static_assert(sizeof(IdentityHead) == 120, "the head is a flash format");

class IdentityStore {
 public:
  // Two sectors from `at`.
  IdentityStore(Flash& flash, uint32_t at) : flash_(flash), at_(at) {}

  // Finds the newest identity; false: none. head() and the certificates are its.
  bool mount();
  const IdentityHead& head() const { return head_; }
  // Into `to`, which has room for head().certificate_size and head().chain_size bytes.
  bool read(uint8_t* certificate, uint8_t* chain);
  // Durable on return, and the current one; no request is under way any more.
  bool replace(const CertificateAnswer& answer, const uint8_t key[32]);

  // After mount(): the key of the request whose answer never came; false: none is under way.
  bool pending(uint8_t key[32]);
  // Before a request is sent, when pending() found none. Durable on return, unless no place takes it any
  // more: then the key lives in memory only, because a safeguard must not stop the renewal.
  void keep_pending(const uint8_t key[32]);

 private:
  static constexpr uint32_t kPendingPlaces = 16;
  struct Pending {
    uint32_t magic;
    uint8_t key[32];
    uint32_t crc;  // of everything before
    uint8_t unused[24];
  };
  static_assert(sizeof(Pending) == 64, "a flash format");
  enum class Place : uint8_t { blank, whole, useless };
  // What lies at the place `index`, counted from 0, which is at `at`. The first whole one counts.
  Place look(uint32_t index, Pending& found, uint32_t& at);
  bool load(uint32_t at, IdentityHead& head);
  uint32_t sector(uint32_t index) const { return at_ + index * flash_.sector; }
  bool program(uint32_t at, const uint8_t* data, uint32_t size);

  Flash& flash_;
  uint32_t at_;
  uint32_t current_ = 1;  // sector of the newest; the other one is written next
  bool unread_ = false;   // a read has failed: what seems to be nobody's may be somebody's
  IdentityHead head_ = {};
};

}  // namespace stratus::mcu
