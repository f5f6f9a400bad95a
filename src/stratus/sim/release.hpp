// A release as simulated devices see it: what it is made of, and whose it is. Pure. One value is shared by
// all devices of the process that were offered it, so that a signature is checked once and not ten thousand
// times.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/crypto/release_verifier.hpp"
#include "stratus/update/planner.hpp"
#include "stratus/wire/content_order.hpp"
#include "stratus/wire/next.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::sim {

struct Layer {
  Digest diff_id;  // of a firmware or content file: its own digest
  Digest blob;
  std::uint64_t size = 0;
};

struct Release {
  std::string name;
  std::string version;
  Digest manifest;
  std::uint64_t counter = 0;
  std::vector<Layer> layers;
  // Of the name "content", a list that is shown together: what it holds, and which of them the order is
  // about.
  std::vector<wire::ShownContent> shown = {};
  Digest about = {};
};

// Reads the answer to "what is next of `name`". `denied` unless one of the pinned keys signed it; `verifier`
// may be null: then any release is taken, as by a device that pins no key. `invalid` when it is nothing to
// install.
Result<Release> read_release(const wire::NextRelease& next, std::string_view name,
                             const crypto::ReleaseVerifier* verifier);

using ReleasePointer = std::shared_ptr<const Release>;

// A list of contents to show, as one release: its files are the layers, its ids the version. Its manifest
// stands for the list and is nobody else's. `invalid` for an empty list.
Result<Release> read_contents(const wire::ContentOrder& order);

// What was proven once by this process, by name, version, manifest and counter.
class ReleaseShelf {
 public:
  explicit ReleaseShelf(std::unique_ptr<crypto::ReleaseVerifier> verifier) : verifier_(std::move(verifier)) {}
  Result<ReleasePointer> take(const wire::NextRelease& next, std::string_view name);
  Result<ReleasePointer> take(const wire::ContentOrder& order);

 private:
  ReleasePointer keep(Release release);

  std::unique_ptr<crypto::ReleaseVerifier> verifier_;
  std::vector<ReleasePointer> known_;  // the newest last, a handful
};

// What an update from `current` (may be null) takes. `here(blob)`: bytes of it that were fetched already.
template <class Here>
std::vector<update::LayerNeed> needs_of(const Release& release, const Release* current, bool deltas,
                                        const std::vector<wire::DeltaOffer>& offers, Here here) {
  std::vector<update::LayerNeed> needs;
  for (const Layer& layer : release.layers) {
    update::LayerNeed need;
    need.diff_id = layer.diff_id;
    if (current != nullptr) {
      for (const Layer& old : current->layers)
        need.installed = need.installed || old.diff_id == layer.diff_id;
    }
    need.blob = {layer.blob, layer.size, here(layer.blob)};
    for (const wire::DeltaOffer& offer : offers) {
      if (!deltas || current == nullptr || offer.diff_id != layer.diff_id || offer.base != current->manifest)
        continue;
      need.delta = update::BlobNeed{offer.blob, offer.size, here(offer.blob)};
    }
    needs.push_back(std::move(need));
  }
  return needs;
}

}  // namespace stratus::sim
