// Which manifests releases stand on, so that nothing that a release needs is deleted by hand. Thread-safe;
// blocks (files): not for the loop's thread, apart from loading.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "stratus/store/repository_store.hpp"

namespace stratus::server {

class ReleaseGuard {
 public:
  // `repositories` must outlive it.
  explicit ReleaseGuard(const store::RepositoryStore& repositories) : repositories_(repositories) {}

  // From now on `unless_needed` protects the manifest and what it names. Counted: each hold has its let_go.
  // Registering holds before it checks, so a deletion either comes first and is noticed by the check, or
  // sees the hold.
  void hold(const std::string& name, const Digest& manifest);
  void let_go(const std::string& name, const Digest& manifest);

  // Runs `remove`, which takes a manifest or blob out of the repository; `denied`, naming the release's
  // manifest, when a release needs it.
  Result<void> unless_needed(const std::string& name, const Digest& digest,
                             const std::function<Result<void>()>& remove);

 private:
  const store::RepositoryStore& repositories_;
  std::mutex mutex_;  // held while removing
  std::map<std::pair<std::string, Digest>, unsigned> held_;
};

}  // namespace stratus::server
