#include "stratus/oci/tar_block.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>

namespace stratus::oci {
namespace {

struct Field {
  const char* name;
  std::size_t offset;
  std::size_t length;
};
constexpr Field kName{"name", 0, 100}, kMode{"mode", 100, 8}, kUid{"uid", 108, 8}, kGid{"gid", 116, 8},
    kSize{"size", 124, 12}, kMtime{"mtime", 136, 12}, kChecksum{"checksum", 148, 8}, kType{"type", 156, 1},
    kLinkName{"linkname", 157, 100}, kMagic{"magic", 257, 8}, kMajor{"devmajor", 329, 8},
    kMinor{"devminor", 337, 8}, kPrefix{"prefix", 345, 155};
constexpr char kUstar[] = {'u', 's', 't', 'a', 'r', '\0', '0', '0'};

BytesView bytes_of(BytesView block, Field field) { return block.subspan(field.offset, field.length); }

std::string text_of(BytesView block, Field field) {
  const BytesView bytes = bytes_of(block, field);
  return std::string(bytes.begin(), std::find(bytes.begin(), bytes.end(), 0));
}

// Octal digits with spaces before and spaces or NULs behind, or GNU's big-endian two's complement when the
// top bit is set. Answers a signed value; an empty field is 0.
Result<std::int64_t> number_of(BytesView block, Field field) {
  const BytesView bytes = bytes_of(block, field);
  const auto bad = [&] { return fail(ErrorCode::corrupt, fmt::format("tar header: bad {}", field.name)); };
  if ((bytes[0] & 0x80) != 0) {
    const bool negative = (bytes[0] & 0x40) != 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      // The first byte's top bit is the mark; its second bit is the sign.
      const std::uint8_t byte =
          i == 0 ? static_cast<std::uint8_t>((bytes[0] & 0x7f) | (negative ? 0x80 : 0)) : bytes[i];
      if ((value >> 56) != (negative ? 0xffu : 0u)) return bad();
      value = (value << 8) | byte;
    }
    const auto result = static_cast<std::int64_t>(value);
    if ((result < 0) != negative) return bad();
    return result;
  }
  std::size_t at = 0;
  while (at < bytes.size() && bytes[at] == ' ') ++at;
  std::uint64_t value = 0;
  for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '7'; ++at) value = value * 8 + bytes[at] - '0';
  for (; at < bytes.size(); ++at) {
    if (bytes[at] != ' ' && bytes[at] != 0) return bad();
  }
  return static_cast<std::int64_t>(value);  // at most 12 digits: 36 bits
}

Result<std::uint64_t> unsigned_of(BytesView block, Field field) {
  STRATUS_TRY(value, number_of(block, field));
  if (value < 0) return fail(ErrorCode::corrupt, fmt::format("tar header: negative {}", field.name));
  return static_cast<std::uint64_t>(value);
}

// The sum of all bytes with the checksum field as spaces. Some very old writers summed signed chars.
void checksums_of(BytesView block, std::int64_t& plain, std::int64_t& with_sign) {
  plain = with_sign = 0;
  for (std::size_t i = 0; i < kTarBlock; ++i) {
    const bool inside = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.length;
    const std::uint8_t byte = inside ? ' ' : block[i];
    plain += byte;
    with_sign += static_cast<std::int8_t>(byte);
  }
}

void put_text(std::array<std::uint8_t, kTarBlock>& out, Field field, const std::string& text) {
  std::memcpy(out.data() + field.offset, text.data(), std::min(text.size(), field.length));
}

// Zero-padded octal that leaves room for one NUL.
void put_octal(std::array<std::uint8_t, kTarBlock>& out, Field field, std::uint64_t value) {
  const std::string digits = fmt::format("{:0{}o}", value, field.length - 1);
  std::memcpy(out.data() + field.offset, digits.data(), std::min(digits.size(), field.length - 1));
}

}  // namespace

Result<std::optional<TarBlock>> decode_tar_block(BytesView block) {
  if (std::all_of(block.begin(), block.end(), [](std::uint8_t byte) { return byte == 0; })) {
    return std::optional<TarBlock>();
  }
  std::int64_t plain = 0, with_sign = 0;
  checksums_of(block, plain, with_sign);
  const Result<std::int64_t> checksum = number_of(block, kChecksum);
  if (!checksum || (*checksum != plain && *checksum != with_sign)) {
    return fail(ErrorCode::corrupt, "tar header: wrong checksum (not a tar archive, or damaged)");
  }
  TarBlock out;
  out.name = text_of(block, kName);
  const bool posix = std::memcmp(block.data() + kMagic.offset, kUstar, 6) == 0;
  if (posix && block[kPrefix.offset] != 0) out.name = text_of(block, kPrefix) + "/" + out.name;
  STRATUS_TRY(mode, unsigned_of(block, kMode));
  out.mode = static_cast<std::uint32_t>(mode & 07777);  // some writers add the file type's bits
  STRATUS_TRY(uid, unsigned_of(block, kUid));
  STRATUS_TRY(gid, unsigned_of(block, kGid));
  STRATUS_TRY(size, unsigned_of(block, kSize));
  STRATUS_TRY(mtime, number_of(block, kMtime));
  out.uid = uid;
  out.gid = gid;
  out.size = size;
  out.mtime = mtime;
  out.type = static_cast<char>(block[kType.offset]);
  out.link_name = text_of(block, kLinkName);
  if (out.type == '3' || out.type == '4') {
    STRATUS_TRY(device_major, unsigned_of(block, kMajor));
    STRATUS_TRY(device_minor, unsigned_of(block, kMinor));
    out.device_major = device_major;
    out.device_minor = device_minor;
  }
  return std::optional<TarBlock>(std::move(out));
}

std::array<std::uint8_t, kTarBlock> encode_tar_block(const TarBlock& block) {
  std::array<std::uint8_t, kTarBlock> out{};
  put_text(out, kName, block.name);
  put_octal(out, kMode, block.mode);
  put_octal(out, kUid, block.uid);
  put_octal(out, kGid, block.gid);
  put_octal(out, kSize, block.size);
  put_octal(out, kMtime, static_cast<std::uint64_t>(block.mtime));
  out[kType.offset] = static_cast<std::uint8_t>(block.type);
  put_text(out, kLinkName, block.link_name);
  std::memcpy(out.data() + kMagic.offset, kUstar, sizeof kUstar);
  put_octal(out, kMajor, block.device_major);
  put_octal(out, kMinor, block.device_minor);
  std::int64_t plain = 0, with_sign = 0;
  checksums_of(out, plain, with_sign);
  // Six digits, a NUL and a space, as every other writer has it.
  const std::string digits = fmt::format("{:06o}", plain);
  std::memcpy(out.data() + kChecksum.offset, digits.data(), 6);
  out[kChecksum.offset + 7] = ' ';
  return out;
}

}  // namespace stratus::oci
