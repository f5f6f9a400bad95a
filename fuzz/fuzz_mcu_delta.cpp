// MCU patches: any bytes, in pieces, against a small base. Never more output than the header promises.
#include <cstdlib>

#include "host/memory_flash.hpp"

#include "stratus/mcu/delta.hpp"

namespace {
struct Count final : stratus::mcu::ByteSink {
  std::uint64_t total = 0;
  bool write(const std::uint8_t*, std::uint32_t size) override {
    total += size;
    return true;
  }
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::mcu;
  DeltaHeader header;
  if (size < kDeltaHeaderSize + 1 || parse_delta_header(data, header) != Cause::ok) return 0;
  header.base_size %= 4097;
  header.target_size %= 1u << 20;
  if (header.base_size == 0) return 0;
  host::MemoryFlash flash(4096, 4096, 4);
  for (std::size_t i = 0; i < flash.bytes.size(); ++i) flash.bytes[i] = static_cast<std::uint8_t>(i * 7);
  Count out;
  DeltaDecoder decoder(flash, 0, out);
  decoder.begin(header);
  const std::size_t piece = 1 + data[kDeltaHeaderSize] % 64;
  Cause cause = Cause::ok;
  for (std::size_t at = kDeltaHeaderSize + 1; at < size && cause == Cause::ok; at += piece) {
    cause = decoder.feed(data + at, static_cast<std::uint32_t>(std::min(piece, size - at)));
  }
  cause = decoder.finish();
  if (out.total > header.target_size || (cause == Cause::ok && out.total != header.target_size)) std::abort();
  return 0;
}
