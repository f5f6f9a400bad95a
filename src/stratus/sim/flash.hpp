// What a simulated device keeps when its power goes: for each image it follows the record of the update
// module, what it runs, and partial files; and reports that the server has not called stored. The bytes of
// partial files are not kept, only how many there are and their running hash. Everything else of a device is
// RAM.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/crypto/sha256.hpp"
#include "stratus/sim/release.hpp"
#include "stratus/update/device_record.hpp"
#include "stratus/wire/next.hpp"

namespace stratus::sim {

struct Partial {
  Digest blob;
  std::uint64_t length = 0;  // bytes, all of them hashed
  Sha256 hash;
};

struct InstalledImage {
  std::string name;
  update::DeviceRecord record;
  ReleasePointer current;    // of record.current
  ReleasePointer candidate;  // of record.candidate
  std::vector<wire::DeltaOffer> offers;
  std::vector<Partial> partials;

  std::uint64_t here(const Digest& blob) const {
    for (const Partial& partial : partials) {
      if (partial.blob == blob) return partial.length;
    }
    return 0;
  }
  Partial& partial(const Digest& blob) {
    for (Partial& partial : partials) {
      if (partial.blob == blob) return partial;
    }
    partials.push_back(Partial{blob, 0, Sha256()});
    return partials.back();
  }
};

struct UnsaidReport {
  std::uint64_t sequence = 0;
  std::string message;  // as published
};

struct Flash {
  std::vector<InstalledImage> images;  // a handful
  std::uint64_t next_sequence = 1;
  std::vector<UnsaidReport> unsaid;

  InstalledImage& image(const std::string& name) {
    for (InstalledImage& image : images) {
      if (image.name == name) return image;
    }
    images.push_back(InstalledImage{});
    images.back().name = name;
    return images.back();
  }
};

// For a file between two runs of the simulator: what is installed, and reports that nobody called stored. An
// update that was under way is forgotten.
std::string encode_flash(const Flash& flash);
Result<Flash> parse_flash(std::string_view text);

}  // namespace stratus::sim
