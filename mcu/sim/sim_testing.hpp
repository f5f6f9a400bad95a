// Images and cuts for tests with simulated power.
#pragma once

#include "sim/world.hpp"

namespace stratus::mcu::sim {

inline constexpr std::array kCutModels = {CutModel::before, CutModel::torn, CutModel::after};

// A sanitizer makes everything ten times as long: such builds take a sample. GCC and clang say it
// differently.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif
inline constexpr std::uint64_t kCutStep = kSanitized ? 7 : 1;

// Signed by the simulator's release key; its counter is `version`.
inline Bytes test_image(std::uint8_t version, std::size_t size, const std::string& board_class,
                        const Bytes* payload = nullptr) {
  Bytes content(size);
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<std::uint8_t>(i * version * 7 >> 2);
  host::ImageFields fields;
  fields.major = version;
  fields.security_counter = version;
  fields.model = board_class;
  fields.header_size = 32;
  fields.payload_unit = 1;
  return host::write_image(
             payload != nullptr ? *payload : content, fields,
             [](const host::RawDigest& d) -> Result<Bytes> { return sim_signature(d, "release"); })
      .value();
}

inline void place(SimFlash& flash, std::uint32_t at, const Bytes& image) {
  std::copy(image.begin(), image.end(), flash.memory.bytes.begin() + at);
}

// Which of `images` lies at `at`, whole; -1: none.
inline int image_at(const SimFlash& flash, std::uint32_t at, const std::vector<Bytes>& images) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto* const from = flash.memory.bytes.data() + at;
    if (!images[i].empty() && std::equal(images[i].begin(), images[i].end(), from))
      return static_cast<int>(i);
  }
  return -1;
}

}  // namespace stratus::mcu::sim
