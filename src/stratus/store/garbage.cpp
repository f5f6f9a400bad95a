#include "stratus/store/garbage.hpp"

#include <map>
#include <unordered_set>

namespace stratus::store {
namespace {

using Needed = std::unordered_set<Digest>;

// Everything reachable from `work` within one repository.
Result<Needed> mark(const RepositoryStore& repositories, const std::string& name, std::vector<Digest> work) {
  Needed needed;
  while (!work.empty()) {
    const Digest digest = work.back();
    work.pop_back();
    if (!needed.insert(digest).second) continue;
    const auto body = repositories.read_manifest(name, digest);
    // A root that was deleted since. Anything else (an unreadable disk) must stop the collection: marking
    // less than what is needed would delete it.
    if (!body && body.error().code() == ErrorCode::not_found) continue;
    if (!body) return fail(body.error().with_context("mark " + name));
    STRATUS_TRY(refs, parse_manifest_refs(*body, "").with_context("mark " + name + "@" + digest.text()));
    for (const oci::Descriptor& blob : refs.blobs) needed.insert(blob.digest);
    for (const oci::Descriptor& child : refs.manifests) work.push_back(child.digest);
    STRATUS_TRY(referrers, repositories.referrers(name, digest));
    for (const Referrer& referrer : referrers) work.push_back(referrer.manifest.digest);
  }
  return needed;
}

class Collector {
 public:
  Collector(RepositoryStore& repositories, const GarbageOptions& options)
      : repositories_(repositories), options_(options) {}

  Result<GarbageReport> run(const std::function<Result<std::vector<GarbageRoot>>()>& roots) {
    STRATUS_TRY(sweep, repositories_.blobs().begin_sweep());
    const WallTime now = system_clock().wall();
    cutoff_ = now - options_.grace;
    STRATUS_TRY(given, roots());
    STRATUS_CHECK(mark_all(given));
    if (options_.after_mark) options_.after_mark();
    for (const auto& [name, needed] : needed_) STRATUS_CHECK(sweep_repository(name, needed, *sweep));
    STRATUS_CHECK(sweep_blobs(*sweep));
    STRATUS_CHECK(sweep_uploads(now - options_.upload_grace));
    return report_;
  }

 private:
  Result<void> mark_all(const std::vector<GarbageRoot>& given) {
    STRATUS_TRY(names, repositories_.repositories_with_blobs());
    for (const std::string& name : names) {
      std::vector<Digest> work;
      for (const GarbageRoot& root : given) {
        if (root.name == name) work.push_back(root.manifest);
      }
      STRATUS_CHECK(add_tagged(name, work));
      // A manifest in its grace time keeps what it names, however old that is.
      STRATUS_TRY(manifests, repositories_.manifests(name));
      for (const Digest& digest : manifests) {
        const auto info = repositories_.blobs().stat(digest);
        if (!info && info.error().code() != ErrorCode::not_found) return fail(info.error());
        if (info && info->last_used >= cutoff_) work.push_back(digest);
      }
      STRATUS_TRY(needed, mark(repositories_, name, std::move(work)));
      all_needed_.insert(needed.begin(), needed.end());
      needed_.emplace(name, std::move(needed));
    }
    return {};
  }

  // What is gone by now needs nothing; what cannot be read must stop the collection, as in mark().
  Result<void> add_tagged(const std::string& name, std::vector<Digest>& work) const {
    const auto tags = repositories_.tags(name);
    if (!tags && tags.error().code() == ErrorCode::not_found) return {};
    if (!tags) return fail(tags.error());
    for (const std::string& tag : *tags) {
      const auto info = repositories_.find_tag(name, tag);
      if (!info && info.error().code() != ErrorCode::not_found) {
        return fail(info.error().with_context("tag " + name + ":" + tag));
      }
      if (info) work.push_back(info->digest);
    }
    return {};
  }

  Result<void> sweep_repository(const std::string& name, const Needed& needed, const Sweep& sweep) {
    STRATUS_TRY(manifests, repositories_.manifests(name));
    for (const Digest& digest : manifests) {
      if (needed.contains(digest)) continue;
      if (options_.dry_run) {
        const auto info = repositories_.blobs().stat(digest);
        if (!info || info->last_used < cutoff_) ++report_.manifests;
        continue;
      }
      STRATUS_TRY(gone, repositories_.sweep_manifest(name, digest, sweep, cutoff_));
      if (gone) ++report_.manifests;
    }
    if (options_.dry_run) return {};
    STRATUS_TRY(links, repositories_.blob_links(name));
    for (const Digest& digest : links) {
      if (needed.contains(digest)) continue;
      STRATUS_CHECK(repositories_.sweep_blob_link(name, digest, sweep, cutoff_));
    }
    return {};
  }

  Result<void> sweep_blobs(Sweep& sweep) {
    std::vector<BlobInfo> candidates;
    STRATUS_CHECK(repositories_.blobs().for_each([&](const BlobInfo& info) {
      if (!all_needed_.contains(info.digest) && info.last_used < cutoff_) candidates.push_back(info);
    }));
    for (const BlobInfo& info : candidates) {
      if (options_.dry_run && sweep.used_since_start(info.digest)) continue;
      if (!options_.dry_run) {
        STRATUS_TRY(gone, repositories_.sweep_blob(info.digest, sweep, cutoff_));
        if (!gone) continue;
      }
      ++report_.blobs;
      report_.bytes += info.size;
    }
    return {};
  }

  Result<void> sweep_uploads(WallTime cutoff) {
    std::vector<PartialInfo> old;
    STRATUS_CHECK(repositories_.blobs().for_each_partial([&](const PartialInfo& info) {
      if (info.last_written < cutoff) old.push_back(info);
    }));
    for (const PartialInfo& info : old) {
      // One that is being written is not garbage, however slow.
      if (!options_.dry_run && !repositories_.blobs().discard_partial(info.key)) continue;
      ++report_.uploads;
      report_.bytes += info.size;
    }
    return {};
  }

  RepositoryStore& repositories_;
  const GarbageOptions& options_;
  WallTime cutoff_{};
  std::map<std::string, Needed> needed_;
  Needed all_needed_;
  GarbageReport report_;
};

}  // namespace

Result<GarbageReport> collect_garbage(RepositoryStore& repositories,
                                      const std::function<Result<std::vector<GarbageRoot>>()>& roots,
                                      const GarbageOptions& options) {
  return Collector(repositories, options).run(roots).with_context("collect garbage");
}

}  // namespace stratus::store
