#include "stratus/server/release_guard.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stratus::server {

void ReleaseGuard::hold(const std::string& name, const Digest& manifest) {
  const std::lock_guard lock(mutex_);
  ++held_[{name, manifest}];
}

void ReleaseGuard::let_go(const std::string& name, const Digest& manifest) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find({name, manifest});
  if (found != held_.end() && --found->second == 0) held_.erase(found);
}

Result<void> ReleaseGuard::unless_needed(const std::string& name, const Digest& digest,
                                         const std::function<Result<void>()>& remove) {
  const std::lock_guard lock(mutex_);
  const auto refuse = [&](const Digest& manifest, std::string_view as) {
    return fail(ErrorCode::denied, fmt::format("{} is {} a release of {} ({}); remove the release first",
                                               digest.text(), as, name, manifest.short_hex()));
  };
  for (auto at = held_.lower_bound({name, Digest()}); at != held_.end() && at->first.first == name; ++at) {
    const Digest& manifest = at->first.second;
    if (manifest == digest) return refuse(manifest, "the manifest of");
    // What cannot be read needs nothing any more; that must not keep the rest from being cleaned up.
    const auto text = repositories_.read_manifest(name, manifest);
    const auto refs = text ? store::parse_manifest_refs(*text, "") : fail(text.error());
    if (!refs) continue;
    const auto names = [&](const oci::Descriptor& blob) { return blob.digest == digest; };
    if (std::any_of(refs->blobs.begin(), refs->blobs.end(), names)) return refuse(manifest, "part of");
  }
  return remove();
}

}  // namespace stratus::server
