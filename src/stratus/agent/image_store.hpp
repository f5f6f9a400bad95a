// What the device holds on disk: layers, images, partial blobs (docs/formats/journal.md lists the paths).
//
// A layer directory has its final name only when it is complete and synced, so having the name is having the
// layer. All calls block and are meant for the worker; one caller at a time.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "stratus/agent/release.hpp"
#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/update/device_record.hpp"
#include "stratus/update/planner.hpp"

namespace stratus::agent {

class ImageStore {
 public:
  explicit ImageStore(std::filesystem::path data) : data_(std::move(data)) {}

  // Below data(): where a root in memory is mounted, by each container in its own mount namespace.
  static constexpr const char* kMemoryRoot = "in-memory";

  // Makes the directories; removes half-made layers of an interrupted run.
  Result<void> prepare() const;

  const std::filesystem::path& data() const { return data_; }
  std::filesystem::path partial_path(const Digest& blob) const;
  bool has_layer(const Digest& diff_id) const;
  // Every layer of the release is here.
  bool is_complete(const Release& release) const;
  // Paths relative to data(), lowest first, each once.
  static std::vector<std::string> layer_names(const Release& release);

  // What making the release would take from what is here. A delta counts only when it was made against `base`
  // (what is installed; null: nothing) and everything that it may read of that is here: layers and their kept
  // tar headers.
  std::vector<update::LayerNeed> needs_of(const Release& release, const Release* base) const;

  // Notes that the release was committed just now, and the name's floor since: what to start, and what not to
  // take, should the journal ever be lost. Writes only what is new.
  Result<void> mark_committed(const Digest& manifest, const update::CounterFloor& floor) const;
  // The highest floors that were noted.
  std::vector<update::CounterFloor> floors() const;
  // Complete releases that were committed once, the last one first.
  std::vector<Release> committed() const;

  // Keeps manifest and configuration durably; idempotent.
  Result<void> save_release(const Release& release) const;
  Result<Release> load_release(const Digest& manifest) const;

  // Makes the layer of one step out of its fetched blob and removes the blob. `base`: what a recipe was made
  // against. `corrupt` when bytes are not what a digest says (try another way), `invalid` or `denied` when
  // the layer itself is not acceptable (more bytes than its manifest says, too), `no_space`. A layer whose
  // manifest does not say how large it is may take `room` bytes.
  Result<void> install_layer(const update::PlanStep& step, const Release& release, const Release* base,
                             std::uint64_t room) const;

  // Removes layers and images that none of these releases needs; failures are left for the
  // next time.
  void collect(const std::vector<Digest>& keep) const;
  void remove_partials() const;
  // Those that making this release cannot use: a transfer that gave up may have left them.
  void remove_partials_but(const Release& release) const;
  // Run-time directories of instances that are not in the list.
  void remove_uppers(const std::vector<std::string>& living) const;

 private:
  bool serves_as_base(const Release* base) const;
  std::filesystem::path layer_path(const Digest& diff_id) const;
  std::filesystem::path data_;
};

}  // namespace stratus::agent
