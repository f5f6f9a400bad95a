// The 512-byte header block of a tar archive (POSIX.1-2001 ustar, GNU base-256 numbers), to and from a plain
// struct. Shared by tar_parser.cpp and tar_writer.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus::oci {

inline constexpr std::size_t kTarBlock = 512;

// The fields as they stand: what pax or GNU records override is decided by the caller.
struct TarBlock {
  std::string name;  // prefix joined
  std::uint32_t mode = 0;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::uint64_t size = 0;
  std::int64_t mtime = 0;
  char type = '0';
  std::string link_name;
  std::uint64_t device_major = 0;
  std::uint64_t device_minor = 0;
};

// nullopt for a block of zeros (end mark). `corrupt` for a wrong checksum or a number that is none.
Result<std::optional<TarBlock>> decode_tar_block(BytesView block);

// What a ustar header can hold without help; the rest goes to pax records (see tar_writer.cpp).
inline constexpr std::uint64_t kMaxOctal7 = 07777777;       // uid, gid, device numbers
inline constexpr std::uint64_t kMaxOctal11 = 077777777777;  // size, mtime
inline constexpr std::size_t kMaxUstarName = 100;

// Every field must fit (see above); names longer than 100 bytes are cut.
std::array<std::uint8_t, kTarBlock> encode_tar_block(const TarBlock& block);

// Bytes that fill the last block of `size` bytes of data.
constexpr std::size_t tar_padding(std::uint64_t size) {
  return static_cast<std::size_t>((kTarBlock - size % kTarBlock) % kTarBlock);
}

}  // namespace stratus::oci
