// Firmware images in flash: header and TLV areas. Any bytes; with a crypto port that believes everything, so
// that the parser and not the digest decides, and the sizes it reports must stay inside the slot.
#include <algorithm>
#include <cstdlib>

#include "host/memory_flash.hpp"
#include "mcu_believer.hpp"

#include "stratus/mcu/image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::mcu;
  host::MemoryFlash flash(4096, 4096, 4);
  std::copy_n(data, std::min<std::size_t>(size, 4096), flash.bytes.begin());
  Believer crypto;
  const std::uint8_t board[16] = {};
  ImageInfo info;
  const std::uint32_t limit = static_cast<std::uint32_t>(std::min<std::size_t>(size, 4096));
  const Cause cause = verify_image(flash, 0, limit, crypto, {board, 0}, info);
  if (cause == Cause::ok && (info.size > limit || info.header_size + info.payload_size > info.size))
    std::abort();
  return 0;
}
