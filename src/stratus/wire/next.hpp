// The answer to a device's "what is next for me?" (docs/formats/messages.md): everything it needs to plan an
// update and to decide whether it may: manifest, configuration, signatures and the deltas on offer from what
// it runs.
//
// The answer carries no trust of its own: the device hashes `manifest` and believes only a signature over
// that digest by a key it has pinned; the configuration is bound by the manifest, layers and deltas by their
// digests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/bytes.hpp"
#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"

namespace stratus::wire {

// A recipe (docs/formats/delta.md) that makes one layer of the release out of the files of image `base`.
struct DeltaOffer {
  Digest base;             // manifest digest of the older image
  Digest diff_id;          // the layer it makes
  Digest blob;             // the recipe
  std::uint64_t size = 0;  // bytes of the recipe
};

struct ReleaseSignature {
  std::string key_id;  // SHA-256 of the public key's SubjectPublicKeyInfo, hex
  // The signed bytes, exactly (simple signing JSON). Empty: they are what crypto::encode_statement makes of
  // the release's name, manifest digest and version, and `counter`; so most answers need not repeat them.
  std::string payload;
  Bytes signature;            // ECDSA P-256 over SHA-256 of the payload, DER
  std::uint64_t counter = 0;  // only where `payload` is empty
};

struct NextRelease {
  std::string name;
  std::string version;
  std::string manifest;  // exact bytes
  std::string config;    // exact bytes
  std::vector<ReleaseSignature> signatures;
  std::vector<DeltaOffer> deltas;  // only for the base that the device named
  // A delta for that base is being made: a device that is not in a hurry may ask again first.
  bool delta_pending = false;

  static constexpr std::size_t kMaxEncoded = 8u << 20;  // bytes
  static constexpr std::size_t kMaxDeltas = 256;
  static constexpr std::size_t kMaxSignatures = 16;
  static constexpr std::size_t kMaxKeyId = 64;
  static constexpr std::size_t kMaxPayload = 16u << 10;
  static constexpr std::size_t kMaxSignature = 256;
};

std::string encode_next(const NextRelease& next);
Result<NextRelease> parse_next(std::string_view text);

}  // namespace stratus::wire
