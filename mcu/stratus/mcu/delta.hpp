// Rebuilds a new image from the running one and a small patch, as the patch arrives.
//
// Patch: a 44-byte header (base and target size, SHA-256 of the base), then bsdiff triples, zero-run coded,
// packed by LZSS with a 256-byte window. Format: docs/formats/mcu-delta.md; encoder:
// mcu/host/delta_encoder.hpp. The decoder trusts nothing: every length is bounded by the sizes in the header,
// reads stay inside the base. What comes out is not trusted either: the image's own digest and signature
// decide (updater).
#pragma once

#include "stratus/mcu/bytes.hpp"
#include "stratus/mcu/cause.hpp"
#include "stratus/mcu/ports.hpp"

namespace stratus::mcu {

constexpr uint32_t kDeltaMagic = 0x31444d53;  // "SMD1"
constexpr uint32_t kDeltaHeaderSize = 44;
constexpr uint32_t kDeltaWindow = 256;
constexpr int kDeltaLengthBits = 4;
constexpr uint32_t kDeltaMinimumMatch = 2;

struct DeltaHeader {
  uint32_t base_size;
  uint32_t target_size;
  uint8_t base_digest[32];
};
Cause parse_delta_header(const uint8_t raw[kDeltaHeaderSize], DeltaHeader& header);

class DeltaDecoder {
 public:
  // The base lies at `base_at` in `flash`; the caller has checked its digest against the header's.
  DeltaDecoder(Flash& flash, uint32_t base_at, ByteSink& out)
      : flash_(&flash), base_at_(base_at), out_(out) {}

  void set_base(Flash& flash, uint32_t base_at) {
    flash_ = &flash;
    base_at_ = base_at;
  }
  // kDeltaWindow bytes that nobody needs before begin(): a place to collect the header.
  uint8_t* scratch() { return window_; }
  void begin(const DeltaHeader& header);
  // Bytes after the header, in pieces of any size. ok: wants more or is complete.
  Cause feed(const uint8_t* data, uint32_t size);
  // ok: exactly the target came out and everything was flushed.
  Cause finish();

 private:
  enum class Field : uint8_t { diff_length, extra_length, seek, diff, extra };
  void unpacked(uint8_t byte);
  void patch_byte(uint8_t byte);
  void produce(uint8_t byte);
  void next_data_field();
  bool varint(uint8_t byte);
  void fail(Cause cause);

  Flash* flash_;
  uint32_t base_at_;
  ByteSink& out_;
  uint32_t base_size_ = 0;
  uint32_t left_ = 0;      // bytes of the target still to come
  uint32_t position_ = 0;  // in the base
  uint32_t length_[2] = {};
  uint32_t value_ = 0;  // varint under way
  uint32_t bits_ = 0;   // LZSS token under way
  uint32_t cached_at_ = 0;
  uint8_t bit_count_ = 0;
  uint8_t shift_ = 0;
  uint8_t window_at_ = 0;
  bool zero_run_ = false;
  Field field_ = Field::diff_length;
  Cause cause_ = Cause::conflict;
  uint8_t cached_ = 0;  // valid bytes of base_page_
  uint8_t base_page_[32];
  uint8_t window_[kDeltaWindow];
};
static_assert(sizeof(DeltaDecoder) <= 512, "the decoder is for small boards");

}  // namespace stratus::mcu
