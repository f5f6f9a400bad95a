// Firmware releases as microcontrollers take them: a signed manifest of at most 512 bytes derived from the
// OCI manifest, all its parts named, and a patch from what the device runs (docs/formats/mcu-image.md).
//
// The manifest says which release a device is to run now, and is signed by a key of this server
// (DATA/mcu/assignment.key): it carries freshness, not trust in code. An image is run only if the release
// key, which is not here, signed it. Blocks, but for find(); any thread.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "stratus/base/bytes.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

struct McuQuestion {
  std::string repository;  // "firmware/NAME"
  std::string version;
  Digest release;     // its OCI manifest
  std::string model;  // of the device
  // What it has, by the numbers of parts (0: the firmware that runs): SHA-256 of the whole image.
  std::map<std::uint8_t, Digest> parts;
  bool firmware_only = false;  // other parts stay what they are
};

class McuReleases {
 public:
  // Makes the key at the first start. The store must outlive it.
  static Result<std::unique_ptr<McuReleases>> open(const std::filesystem::path& directory,
                                                   store::RepositoryStore& repositories,
                                                   const Clock& clock = system_clock());
  ~McuReleases();

  // The encoded device manifest. `invalid`: no image for microcontrollers. `conflict` (wrong_model): made for
  // other boards. `unavailable`: the patch is being made for somebody else, ask again soon.
  Result<Bytes> manifest(const McuQuestion& question);
  // x and y of the key that signs, 128 hex digits.
  std::string public_key() const;

 private:
  struct Key;
  struct Facts {
    std::uint32_t counter = 0;
    std::array<std::uint8_t, 16> board_class{};
  };
  struct Described;
  struct Patch {
    Digest digest;
    std::uint64_t size = 0;
  };
  McuReleases(std::unique_ptr<Key> key, store::RepositoryStore& repositories, const Clock& clock);

  Result<Facts> facts(const Digest& image);
  // One layer of the release as the device's manifest names it.
  Result<Described> describe(const McuQuestion& question, const oci::Descriptor& layer, std::uint8_t number,
                             const std::string& model);
  // From `base` to `image`, for whoever runs the release of the question.
  Result<std::optional<Patch>> patch(const McuQuestion& question, const Digest& base, const Digest& image,
                                     std::uint64_t size);
  Result<std::optional<Patch>> make_patch(const McuQuestion& question, const Digest& base,
                                          const Digest& image);

  std::unique_ptr<Key> key_;
  store::RepositoryStore& repositories_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<Digest, Facts> facts_;                           // bounded
  std::set<std::pair<Digest, Digest>> making_, worthless_;  // (base, image); the second bounded
};

}  // namespace stratus::server
