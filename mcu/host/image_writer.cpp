#include "host/image_writer.hpp"

#include <algorithm>
#include <vector>

#include "stratus/mcu/image.hpp"
#include "stratus/mcu/sha256.hpp"

namespace stratus::mcu::host {
namespace {

void put(Bytes& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

template <class Range>
void put_tlv(Bytes& out, Tlv type, const Range& value) {
  put(out, static_cast<std::uint16_t>(type), 2);
  put(out, std::size(value), 2);
  for (const auto& byte : value) out.push_back(static_cast<std::uint8_t>(byte));
}

}  // namespace

RawDigest raw_sha256(BytesView data) {
  mcu::Sha256 hash;
  RawDigest digest;
  hash.begin();
  hash.add(data.data(), static_cast<std::uint32_t>(data.size()));
  hash.end(digest.data());
  return digest;
}

std::array<std::uint8_t, 16> board_class_of(std::string_view model) {
  const RawDigest digest = raw_sha256(as_bytes(model));
  std::array<std::uint8_t, 16> result;
  std::copy_n(digest.begin(), result.size(), result.begin());
  return result;
}

Result<Bytes> write_image(BytesView payload, const ImageFields& fields, const SignDigest& sign) {
  constexpr std::uint16_t kProtectedSize = 4 + (4 + 4) + (4 + 16);
  const std::size_t unit = fields.payload_unit != 0 ? fields.payload_unit : 1;
  const std::size_t padded = (payload.size() + unit - 1) / unit * unit;
  if (payload.empty() || fields.header_size < kImageHeaderSize) {
    return fail(ErrorCode::invalid, "firmware image: empty payload or a header of less than 32 bytes");
  }
  Bytes out;
  put(out, kImageMagic, 4);
  put(out, fields.load_address, 4);
  put(out, fields.header_size, 2);
  put(out, kProtectedSize, 2);
  put(out, padded, 4);
  put(out, 0, 4);  // flags
  put(out, fields.major, 1);
  put(out, fields.minor, 1);
  put(out, fields.revision, 2);
  put(out, fields.build, 4);
  out.resize(fields.header_size, std::uint8_t{0});
  out.insert(out.end(), payload.begin(), payload.end());
  out.resize(fields.header_size + padded, std::uint8_t{0xff});

  put(out, kProtectedTlvMagic, 2);
  put(out, kProtectedSize, 2);
  std::array<std::uint8_t, 4> counter;
  store32(counter.data(), fields.security_counter);
  put_tlv(out, Tlv::security_counter, counter);
  put_tlv(out, Tlv::board_class, board_class_of(fields.model));

  const RawDigest digest = raw_sha256(out);
  STRATUS_TRY(signature, sign(digest));
  put(out, kTlvMagic, 2);
  put(out, 4 + (4 + digest.size()) + (4 + signature.size()), 2);
  put_tlv(out, Tlv::sha256, digest);
  put_tlv(out, Tlv::ecdsa_signature, signature);
  return out;
}

}  // namespace stratus::mcu::host
