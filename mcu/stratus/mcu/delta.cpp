#include "stratus/mcu/delta.hpp"

namespace stratus::mcu {

Cause parse_delta_header(const uint8_t raw[kDeltaHeaderSize], DeltaHeader& header) {
  if (load32(raw) != kDeltaMagic) return Cause::bad_format;
  header.base_size = load32(raw + 4);
  header.target_size = load32(raw + 8);
  memcpy(header.base_digest, raw + 12, 32);
  return header.base_size == 0 || header.target_size == 0 ? Cause::bad_size : Cause::ok;
}

void DeltaDecoder::begin(const DeltaHeader& header) {
  base_size_ = header.base_size;
  left_ = header.target_size;
  position_ = length_[0] = length_[1] = value_ = bits_ = 0;
  bit_count_ = shift_ = window_at_ = cached_ = 0;
  zero_run_ = false;
  field_ = Field::diff_length;
  cause_ = Cause::ok;
  memset(window_, 0, sizeof window_);
}

void DeltaDecoder::fail(Cause cause) {
  if (cause_ == Cause::ok) cause_ = cause;
}

// LZSS, most significant bit first: 1 + byte, or 0 + distance - 1 (8 bits) + length - 2.
Cause DeltaDecoder::feed(const uint8_t* data, uint32_t size) {
  for (uint32_t i = 0; i < size && cause_ == Cause::ok; ++i) {
    if (left_ == 0) fail(Cause::trailing_bytes);
    for (int bit = 7; bit >= 0 && cause_ == Cause::ok && left_ != 0; --bit) {
      bits_ = bits_ << 1 | (data[i] >> bit & 1);
      ++bit_count_;
      const bool literal = (bits_ >> (bit_count_ - 1) & 1) != 0;
      if (bit_count_ != (literal ? 9 : 9 + kDeltaLengthBits)) continue;
      if (literal) {
        unpacked(static_cast<uint8_t>(bits_));
      } else {
        const uint8_t distance = static_cast<uint8_t>(bits_ >> kDeltaLengthBits);
        uint32_t n = (bits_ & ((1u << kDeltaLengthBits) - 1)) + kDeltaMinimumMatch;
        for (; n != 0 && cause_ == Cause::ok; --n) {
          unpacked(window_[static_cast<uint8_t>(window_at_ - 1 - distance)]);
        }
      }
      bits_ = bit_count_ = 0;
    }
  }
  return cause_;
}

// LEB128; true when complete, in value_.
bool DeltaDecoder::varint(uint8_t byte) {
  if (shift_ == 0) value_ = 0;
  if (shift_ > 28 || (shift_ == 28 && byte > 15)) fail(Cause::bad_format);
  value_ |= static_cast<uint32_t>(byte & 0x7f) << (shift_ & 31);
  shift_ = static_cast<uint8_t>(shift_ + 7);
  if ((byte & 0x80) != 0) return false;
  shift_ = 0;
  return true;
}

// A zero is followed by how many more zeros there are.
void DeltaDecoder::unpacked(uint8_t byte) {
  window_[window_at_++] = byte;
  if (!zero_run_) {
    if (byte == 0 && field_ >= Field::diff) {
      zero_run_ = true;
      shift_ = 0;
    } else {
      patch_byte(byte);
    }
    return;
  }
  if (!varint(byte)) return;
  zero_run_ = false;
  const uint32_t zeros = value_;
  // A run stays inside the data of its triple.
  if (zeros >= length_[field_ == Field::extra]) return fail(Cause::bad_size);
  for (uint32_t n = 0; n <= zeros && cause_ == Cause::ok; ++n) patch_byte(0);
}

void DeltaDecoder::patch_byte(uint8_t byte) {
  if (field_ < Field::diff) {
    if (!varint(byte)) return;
    if (field_ == Field::seek) {  // zigzag
      position_ += value_ >> 1 ^ (0u - (value_ & 1));
      if (length_[0] != 0 && (position_ > base_size_ || length_[0] > base_size_ - position_)) {
        fail(Cause::bad_size);
      }
    } else {
      if (value_ > left_) return fail(Cause::bad_size);
      length_[field_ == Field::extra_length] = value_;
    }
    field_ = static_cast<Field>(static_cast<uint8_t>(field_) + 1);
    if (field_ == Field::diff) {
      if (length_[0] + length_[1] == 0 || length_[0] > left_ - length_[1]) return fail(Cause::bad_size);
      next_data_field();
    }
    return;
  }
  if (field_ == Field::diff) {
    if (position_ - cached_at_ >= cached_ || cached_ == 0) {
      cached_at_ = position_;
      const uint32_t rest = base_size_ - position_;
      cached_ = static_cast<uint8_t>(rest < sizeof base_page_ ? rest : sizeof base_page_);
      if (!flash_->read(base_at_ + position_, base_page_, cached_)) return fail(Cause::io);
    }
    produce(static_cast<uint8_t>(byte + base_page_[position_ - cached_at_]));
    ++position_;
    --length_[0];
  } else {
    produce(byte);
    --length_[1];
  }
  next_data_field();
}

void DeltaDecoder::next_data_field() {
  if (length_[0] != 0) {
    field_ = Field::diff;
  } else if (length_[1] != 0) {
    field_ = Field::extra;
  } else {
    field_ = Field::diff_length;
  }
}

void DeltaDecoder::produce(uint8_t byte) {
  --left_;
  if (!out_.write(&byte, 1)) fail(Cause::io);
}

Cause DeltaDecoder::finish() {
  if (cause_ == Cause::ok && left_ != 0) cause_ = Cause::truncated;
  return cause_;
}

}  // namespace stratus::mcu
