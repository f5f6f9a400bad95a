// Device manifests, with a crypto port that believes everything: fields may only point into the input, and no
// part is named twice.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "stratus/mcu/manifest.hpp"

namespace {
struct Believer final : stratus::mcu::Crypto {
  void hash_begin() override {}
  void hash_add(const void*, std::uint32_t) override {}
  void hash_end(std::uint8_t digest[32]) override { std::fill_n(digest, 32, std::uint8_t{0}); }
  bool verify(const std::uint8_t*, const std::uint8_t*, std::uint32_t) override { return true; }
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::mcu;
  Believer crypto;
  Manifest manifest;
  const Cause cause =
      parse_manifest(data, static_cast<std::uint32_t>(size), crypto, {"board", 0, 0}, manifest);
  if (cause != Cause::ok) return 0;
  for (std::uint32_t i = 0; i < manifest.components; ++i) {
    const Component& component = manifest.component[i];
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
