#include "stratus/mcu/image.hpp"

namespace stratus::mcu {
namespace {

constexpr uint32_t kMaximumSignature = 72;
constexpr uint32_t kMaximumTlvArea = 2048;

struct Found {
  uint8_t seen = 0;  // bit per known TLV
  uint32_t signature_size = 0;
  uint8_t signature[kMaximumSignature];
};

// The known TLVs, where they must be and how long they are.
enum Known : uint8_t { kHash = 1, kSignature = 2, kCounter = 4, kClass = 8, kAll = 15 };

struct Reader {
  Flash& flash;
  uint32_t at;
  uint32_t left;
  Cause take(void* to, uint32_t size) {
    if (size > left) return Cause::truncated;
    if (!flash.read(at, to, size)) return Cause::io;
    at += size;
    left -= size;
    return Cause::ok;
  }
};

Cause read_entry(Reader& area, bool is_protected, ImageInfo& info, Found& found) {
  uint8_t head[4];
  if (Cause c = area.take(head, sizeof head); c != Cause::ok) return c;
  const uint32_t size = load16(head + 2);
  uint8_t number[4];
  void* to = nullptr;
  uint32_t wanted = 0;
  uint8_t bit = 0;
  switch (static_cast<Tlv>(load16(head))) {
    case Tlv::sha256:
      bit = kHash, to = info.hash, wanted = 32;
      break;
    case Tlv::ecdsa_signature:
      bit = kSignature, to = found.signature, wanted = size;
      break;
    case Tlv::security_counter:
      bit = kCounter, to = number, wanted = 4;
      break;
    case Tlv::board_class:
      bit = kClass, to = info.board_class, wanted = 16;
      break;
  }
  if (bit == 0) {  // not ours: passed over
    if (size > area.left) return Cause::truncated;
    area.at += size;
    area.left -= size;
    return Cause::ok;
  }
  // What the signature must cover counts only where the signature covers it.
  if (is_protected != (bit == kCounter || bit == kClass)) return Cause::bad_format;
  if ((found.seen & bit) != 0) return Cause::bad_format;
  if (size != wanted || size > kMaximumSignature) return Cause::bad_size;
  found.seen |= bit;
  if (Cause c = area.take(to, size); c != Cause::ok) return c;
  if (bit == kSignature) found.signature_size = size;
  if (bit == kCounter) info.counter = load32(number);
  return Cause::ok;
}

// One TLV area of exactly `expected` bytes (0: as long as it says); `left` shrinks by what it takes.
Cause read_area(Reader& from, bool is_protected, uint32_t expected, ImageInfo& info, Found& found) {
  uint8_t head[4];
  if (Cause c = from.take(head, sizeof head); c != Cause::ok) return c;
  const uint32_t size = load16(head + 2);
  if (load16(head) != (is_protected ? kProtectedTlvMagic : kTlvMagic)) return Cause::bad_format;
  if (size < 4 || size > kMaximumTlvArea || (expected != 0 && size != expected)) return Cause::bad_size;
  if (size - 4 > from.left) return Cause::truncated;
  Reader area{from.flash, from.at, size - 4};
  while (area.left != 0) {
    if (Cause c = read_entry(area, is_protected, info, found); c != Cause::ok) return c;
  }
  from.at += size - 4;
  from.left -= size - 4;
  return Cause::ok;
}

// `covered`: bytes from the start that digest and signature are over.
Cause read_form(Flash& flash, uint32_t at, uint32_t limit, ImageInfo& info, Found& found, uint32_t& covered) {
  memset(&info, 0, sizeof info);
  uint8_t head[kImageHeaderSize];
  Reader reader{flash, at, limit};
  if (Cause c = reader.take(head, sizeof head); c != Cause::ok) return c;
  if (load32(head) != kImageMagic) return Cause::no_image;
  info.load_address = load32(head + 4);
  info.header_size = load16(head + 8);
  const uint32_t protected_size = load16(head + 10);
  info.payload_size = load32(head + 12);
  memcpy(info.version, head + 20, sizeof info.version);
  if (info.header_size < kImageHeaderSize || protected_size < 4 || info.payload_size == 0) {
    return Cause::bad_size;
  }
  if (info.header_size > limit || info.payload_size > limit - info.header_size) return Cause::bad_size;
  const uint32_t body = info.header_size + info.payload_size;
  reader.at = at + body;
  reader.left = limit - body;

  if (Cause c = read_area(reader, true, protected_size, info, found); c != Cause::ok) return c;
  if (Cause c = read_area(reader, false, 0, info, found); c != Cause::ok) return c;
  info.size = reader.at - at;
  covered = body + protected_size;
  return found.seen == kAll ? Cause::ok : Cause::bad_format;
}

}  // namespace

Cause read_image(Flash& flash, uint32_t at, uint32_t limit, ImageInfo& info) {
  Found found;
  uint32_t covered;
  return read_form(flash, at, limit, info, found, covered);
}

bool hash_flash(Flash& flash, uint32_t at, uint32_t size, Crypto& crypto, uint8_t digest[32]) {
  uint8_t page[256];
  crypto.hash_begin();
  while (size != 0) {
    const uint32_t n = size < sizeof page ? size : sizeof page;
    if (!flash.read(at, page, n)) return false;
    crypto.hash_add(page, n);
    at += n;
    size -= n;
  }
  crypto.hash_end(digest);
  return true;
}

Cause verify_image(Flash& flash, uint32_t at, uint32_t limit, Crypto& crypto, const ImagePolicy& policy,
                   ImageInfo& info) {
  Found found;
  uint32_t covered;
  if (Cause c = read_form(flash, at, limit, info, found, covered); c != Cause::ok) return c;

  uint8_t digest[32];
  if (!hash_flash(flash, at, covered, crypto, digest)) return Cause::io;
  if (memcmp(digest, info.hash, sizeof digest) != 0) return Cause::hash_mismatch;
  if (!crypto.verify(digest, found.signature, found.signature_size)) return Cause::bad_signature;
  // Only what is signed is worth judging.
  if (memcmp(info.board_class, policy.board_class, 16) != 0) return Cause::wrong_model;
  if (info.counter < policy.counter_floor) return Cause::downgrade;
  return Cause::ok;
}

}  // namespace stratus::mcu
