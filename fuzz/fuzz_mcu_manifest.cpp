// Device manifests, with a crypto port that believes everything: fields may only point into the input.
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
    const std::uint8_t* digest = manifest.component[i].digest;
    if (digest < data || digest + 32 > data + size) std::abort();
  }
  return 0;
}
