#include "host/image_reader.hpp"

#include <algorithm>

#include "host/lenient_crypto.hpp"
#include "host/memory_flash.hpp"

#include "stratus/mcu/image.hpp"

namespace stratus::mcu::host {
Result<ImageFacts> read_image_facts(BytesView image) {
  MemoryFlash flash(std::vector<std::uint8_t>(image.begin(), image.end()));
  LenientCrypto crypto;  // the server has no release key: devices judge the signature
  ImageInfo info = {};
  // The first look finds the board that it is for, the second judges it as that board's.
  const std::uint8_t nobody[16] = {};
  const auto size = static_cast<std::uint32_t>(image.size());
  Cause cause = verify_image(flash, 0, size, crypto, {nobody, 0}, info);
  if (cause == Cause::wrong_model) cause = verify_image(flash, 0, size, crypto, {info.board_class, 0}, info);
  if (cause == Cause::ok && info.size != size) cause = Cause::trailing_bytes;
  if (cause != Cause::ok) {
    return fail(ErrorCode::invalid,
                std::string("not a firmware image for microcontrollers: ") + cause_name(cause));
  }
  ImageFacts facts;
  facts.counter = info.counter;
  std::copy(std::begin(info.board_class), std::end(info.board_class), facts.board_class.begin());
  return facts;
}

}  // namespace stratus::mcu::host
