// Makes signed device manifests (mcu/stratus/mcu/manifest.hpp). Host side.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/image_writer.hpp"

namespace stratus::mcu::host {

struct DeltaOffer {
  RawDigest base, patch;
  std::uint32_t size = 0;
};

struct ManifestComponent {
  std::uint8_t kind = 0;  // 0: firmware
  std::uint32_t size = 0;
  RawDigest digest{};
  std::optional<DeltaOffer> delta;
};

struct ManifestFields {
  std::string model, version, repository;
  std::uint32_t counter = 0, serial = 0;
  std::uint32_t expires = 0;         // 0: never
  std::optional<RawDigest> release;  // OCI manifest
  std::vector<ManifestComponent> components;
};

// `no_space` when it would be longer than a device takes.
Result<Bytes> write_manifest(const ManifestFields& fields, const SignDigest& sign);

}  // namespace stratus::mcu::host
