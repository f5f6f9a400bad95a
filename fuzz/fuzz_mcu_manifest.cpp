// Device manifests, with a crypto port that believes everything: fields may only point into the input, and no
// part is named twice.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "mcu_believer.hpp"

#include "stratus/mcu/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::mcu;
  Believer crypto;
  Manifest manifest;
  const Cause cause =
      parse_manifest(data, static_cast<std::uint32_t>(size), crypto, {"board", 0, 0}, manifest);
  if (cause != Cause::ok) return 0;
  for (std::uint32_t i = 0; i < manifest.components; ++i) {
    const Component& component = manifest.component[i];
    if ((i == 0) != (component.kind == 0)) std::abort();  // the firmware comes first
    const auto inside = [&](const std::uint8_t* at, std::size_t n) {
      return at >= data && at + n <= data + size;
    };
    if (!inside(component.digest, 32)) std::abort();
    if (component.delta_base != nullptr &&
        (!inside(component.delta_base, 32) || !inside(component.delta_digest, 32)))
      std::abort();
    for (std::uint32_t j = 0; j < i; ++j) {  // each part once
      if (manifest.component[j].kind == component.kind) std::abort();
    }
  }
  return 0;
}
