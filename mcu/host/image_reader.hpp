// What a firmware image says about itself, without judging whether it may be believed. Host side.
#pragma once

#include "host/image_writer.hpp"

namespace stratus::mcu::host {

struct ImageFacts {
  std::uint32_t counter = 0;  // security counter
  std::array<std::uint8_t, 16> board_class{};
};

// `invalid` unless header, areas and both facts are there and nothing follows.
Result<ImageFacts> read_image_facts(BytesView image);

}  // namespace stratus::mcu::host
