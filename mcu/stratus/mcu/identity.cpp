#include "stratus/mcu/identity.hpp"

namespace stratus::mcu {
namespace {

constexpr uint32_t kIdentityMagic = 0x31444953;  // "SID1"
constexpr uint32_t kPendingMagic = 0x314b5053;   // "SPK1"
constexpr uint32_t kBody = 128;                  // offset: the head, padded to what flash may want

uint32_t padded(uint32_t size, uint32_t align) { return (size + align - 1) / align * align; }

}  // namespace

bool IdentityStore::load(uint32_t at, IdentityHead& head) {
  if (!flash_.read(at, &head, sizeof head)) {
    unread_ = true;
    return false;
  }
  if (head.magic != kIdentityMagic || head.crc != crc32(&head, sizeof head - sizeof head.crc) ||
      head.certificate_size > kMaximumCertificate || head.chain_size > kMaximumCertificate) {
    return false;
  }
  // Both pieces were written apart, each padded by itself.
  uint8_t piece[64];
  uint32_t crc = 0;
  uint32_t from = at + kBody;
  const uint32_t sizes[2] = {head.certificate_size, head.chain_size};
  for (uint32_t size : sizes) {
    for (uint32_t done = 0; done < size;) {
      const uint32_t n = size - done < sizeof piece ? size - done : sizeof piece;
      if (!flash_.read(from + done, piece, n)) {
        unread_ = true;
        return false;
      }
      crc ^= crc32(piece, n);
      crc = crc32(&crc, sizeof crc);  // order counts
      done += n;
    }
    from += padded(size, flash_.align);
  }
  return crc == head.body_crc;
}

bool IdentityStore::mount() {
  IdentityHead found[2];
  bool good[2];
  for (uint32_t i = 0; i < 2; ++i) good[i] = load(sector(i), found[i]);
  if (!good[0] && !good[1]) return false;
  const bool second = good[1] && (!good[0] || static_cast<int32_t>(found[1].seq - found[0].seq) > 0);
  current_ = second ? 1 : 0;
  head_ = found[current_];
  return true;
}

bool IdentityStore::read(uint8_t* certificate, uint8_t* chain) {
  const uint32_t from = sector(current_) + kBody;
  return flash_.read(from, certificate, head_.certificate_size) &&
         flash_.read(from + padded(head_.certificate_size, flash_.align), chain, head_.chain_size);
}

bool IdentityStore::program(uint32_t at, const uint8_t* data, uint32_t size) {
  uint8_t piece[64];
  for (uint32_t done = 0; done < size; done += sizeof piece) {
    const uint32_t n = size - done < sizeof piece ? size - done : sizeof piece;
    memset(piece, 0xff, sizeof piece);
    memcpy(piece, data + done, n);
    if (!flash_.program(at + done, piece, padded(n, flash_.align))) return false;
  }
  return true;
}

bool IdentityStore::replace(const CertificateAnswer& answer, const uint8_t key[32]) {
  IdentityHead head = {};
  head.magic = kIdentityMagic;
  head.seq = head_.seq + 1;
  head.certificate_size = static_cast<uint16_t>(answer.certificate_size);
  head.chain_size = static_cast<uint16_t>(answer.chain_size);
  head.renew_after = answer.renew_after;
  memcpy(head.device, answer.device, sizeof head.device);
  memcpy(head.key, key, sizeof head.key);
  const uint32_t certificate = padded(head.certificate_size, flash_.align);
  const uint32_t end = kBody + certificate + padded(head.chain_size, flash_.align);
  if (padded(end, sizeof(Pending)) + sizeof(Pending) > flash_.sector) return false;

  uint32_t crc = 0;
  const uint8_t* const bodies[2] = {answer.certificate, answer.chain};
  const uint32_t sizes[2] = {head.certificate_size, head.chain_size};
  for (uint32_t i = 0; i < 2; ++i) {
    for (uint32_t done = 0; done < sizes[i]; done += 64) {
      crc ^= crc32(bodies[i] + done, sizes[i] - done < 64 ? sizes[i] - done : 64);
      crc = crc32(&crc, sizeof crc);
    }
  }
  head.body_crc = crc;
  head.crc = crc32(&head, sizeof head - sizeof head.crc);

  const uint32_t to = sector(current_ ^ 1);
  if (!flash_.erase(to) || !program(to + kBody, bodies[0], sizes[0]) ||
      !program(to + kBody + certificate, bodies[1], sizes[1]) ||
      !program(to, reinterpret_cast<const uint8_t*>(&head), sizeof head)) {
    return false;
  }
  IdentityHead back;
  if (!load(to, back)) return false;
  current_ ^= 1;
  head_ = back;
  return true;
}

// Behind the identity that is current, so that writing its successor beside it does not touch the key.
IdentityStore::Place IdentityStore::look(uint32_t index, Pending& found, uint32_t& at) {
  const uint32_t body = padded(head_.certificate_size, flash_.align) + padded(head_.chain_size, flash_.align);
  const uint32_t offset = padded(kBody + body, sizeof found) + index * sizeof found;
  at = sector(current_) + offset;
  if (offset + sizeof found > flash_.sector) return Place::useless;
  if (!flash_.read(at, &found, sizeof found)) {
    unread_ = true;
    return Place::useless;
  }
  if (found.magic == kPendingMagic && found.crc == crc32(&found, offsetof(Pending, crc))) return Place::whole;
  uint8_t all = 0xff;
  for (uint32_t k = 0; k < sizeof found; ++k) all &= reinterpret_cast<const uint8_t*>(&found)[k];
  return all == 0xff ? Place::blank : Place::useless;
}

bool IdentityStore::pending(uint8_t key[32]) {
  Pending found;
  uint32_t at;
  for (uint32_t i = 0; i < kPendingPlaces; ++i) {
    if (look(i, found, at) != Place::whole) continue;
    memcpy(key, found.key, sizeof found.key);
    return true;
  }
  return false;
}

void IdentityStore::keep_pending(const uint8_t key[32]) {
  Pending entry, found;
  memset(&entry, 0xff, sizeof entry);
  entry.magic = kPendingMagic;
  memcpy(entry.key, key, sizeof entry.key);
  entry.crc = crc32(&entry, offsetof(Pending, crc));
  uint32_t at;
  for (bool tried = false;; tried = true) {
    for (uint32_t i = 0; i < kPendingPlaces; ++i) {
      if (look(i, found, at) != Place::blank) continue;
      tried = true;  // a cell may be stuck: the next place is another one
      if (flash_.program(at, &entry, sizeof entry) && look(i, found, at) == Place::whole &&
          memcmp(found.key, key, sizeof found.key) == 0) {
        return;
      }
    }
    // Without an identity whatever lies there is nobody's, if all of it could be read.
    if (tried || unread_ || head_.magic != 0 || !flash_.erase(sector(current_))) return;
  }
}

}  // namespace stratus::mcu
