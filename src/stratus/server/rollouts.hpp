// The rollouts of this server: campaigns in memory, every step durable before anybody sees it.
//
// One task takes what people ordered, what devices said and what time brings, in the order in which it came,
// lets the campaigns (rollout/campaign.hpp) decide, stores all their changes in one transaction, and only
// then answers. So what was acknowledged is on the disk, and a device is never told about a release whose
// turn was taken back. When storing fails, the campaigns are read again from what is stored and everybody
// waiting gets the error. Start-up is the same reading: after kill -9 the rollouts go on where they were.
//
// Runs on the loop; load() and the Fleet block.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "stratus/net/loop.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/rollout/campaign.hpp"
#include "stratus/server/changes.hpp"
#include "stratus/server/delta_queue.hpp"
#include "stratus/server/event_bus.hpp"
#include "stratus/server/fleet.hpp"
#include "stratus/server/releases.hpp"
#include "stratus/server/rollout_store.hpp"
#include "stratus/server/rollout_tiles.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::server {

struct RolloutOrder {
  enum class Kind : std::uint8_t { submit, approve, reject, pause, resume, abort, retry, cancel, advance };
  Kind kind = Kind::pause;
  Actor actor;
  std::string why;
  bool give_back = false;               // abort
  std::vector<std::string> devices;     // retry (none: all that failed), cancel
  std::int64_t expires_ms = 0;          // retry: a later deadline
  std::optional<std::string> if_match;  // entity tags of the revision that it is based on
  RepeatKey repeat;                     // the answer is kept under this, in the same transaction
};

struct RolloutCounters {
  std::uint64_t starts = 0;   // devices whose turn came
  std::uint64_t endings = 0;  // contents that came to an end on a device
  std::uint64_t batches = 0;  // transactions
  std::uint64_t reloads = 0;  // storing failed, everything was read again
};

// Firmware or content that a rollout may bring.
struct RolloutArtifact {
  Digest digest;  // of its manifest
  rollout::Requirement requirement;
};

// What a device is to show on behalf of a rollout, in the order in which it is fetched.
struct AssignedContents {
  std::string rollout;
  Digest about;  // the one whose turn it is
  std::int64_t expires_ms = 0;
  std::vector<rollout::Content> contents;
};

// What is answered to who made or changed a rollout.
Result<Reply> reply_about(const db::RolloutRow& row, int status);

class Rollouts {
 public:
  struct Ports {
    net::Executor loop;
    db::Database& database;
    Releases& releases;
    Fleet& fleet;
    net::WorkerPool& pool;
    // Wants a delta made unless there is one; answers whether it is being made. Unset: no deltas.
    std::function<bool(const DeltaJob& job)> want_delta{};
    std::function<bool(const DeltaJob& job)> is_delta_pending{};
    // How long a rollout may wait for its deltas before its first device.
    Millis delta_wait{0};
    // What firmware or content a name and version mean; blocks, on the pool.
    std::function<Result<RolloutArtifact>(const std::string& name, const std::string& version)>
        find_artifact{};
    std::function<void(Event)> publish{};  // may be unset
    std::function<void(const rollout::Telling&, const std::string& rollout,
                       const std::vector<rollout::Content>&)>
        tell{};  // nudges a connected device; may be unset
  };

  explicit Rollouts(Ports ports);

  // Reads what was stored. Blocks; once, before serving.
  Result<void> load();
  void start();
  net::Task<void> stop();

  // What a start would do.
  struct Draft {
    rollout::Spec spec;  // digests filled in
    std::vector<rollout::Requirement> requirements;
    std::vector<rollout::Candidate> candidates;
    rollout::Plan plan;
    std::string id;
  };
  net::Task<Result<Draft>> plan(rollout::Spec spec);
  // Answers the new rollout's id, durable. `submit`: it does not stay a draft.
  net::Task<Result<std::string>> create(Draft draft, Actor who, bool submit, RepeatKey repeat);
  net::Task<Result<void>> order(std::string id, RolloutOrder order);

  // A device asks what is next of a name. Durable on return. Empty: what the name's target says, unless the
  // device is held back. `proven`:
  // the device itself said that it has this; what somebody says for it is no success.
  net::Task<Result<std::optional<rollout::Assignment>>> ask(std::string device, std::string name, Digest have,
                                                            bool proven);
  // The same for the contents that it is to show; `have`: versions of those that it shows, in their order. A
  // device that shows them all has succeeded. Empty: no rollout brings it any.
  net::Task<Result<std::optional<AssignedContents>>> ask_contents(std::string device,
                                                                  std::vector<std::string> have, bool proven);
  // A device's report, after it was stored with the device. Durable on return.
  net::Task<Result<void>> report(wire::DeviceReport report);
  // The same for progress.
  net::Task<Result<void>> news(std::string device, rollout::DeviceNews news);
  // The device says that it has stopped what this rollout gave up.
  net::Task<Result<void>> acknowledge(std::string device, std::string rollout);
  // What the device is to run of a name, as far as rollouts say so: what is under way, or what stands. Asks
  // nobody and changes nothing.
  std::optional<rollout::Assignment> assigned(const std::string& device, const std::string& name) const;
  std::optional<rollout::Assignment> under_way(const std::string& device, const std::string& name) const;
  // Whether a rollout is updating the device with another name: one update at a time, so nothing new of this
  // one is begun meanwhile, not even its target.
  bool holds_back(const std::string& device, const std::string& name) const;
  // Whether some device is being updated now, so that each device has to ask for itself.
  bool updates_any() const;
  // Whether answers about this name differ from device to device.
  bool is_personal(const std::string& name) const;

  // A look at a live campaign for explanations; nullptr when it is over or unknown. Valid until the next
  // wait.
  const rollout::Campaign* live(const std::string& id) const;
  std::string explain(const rollout::Campaign& campaign, const rollout::Device& device) const;
  // The rollout that is updating the device now; "" when none.
  std::string holder(const std::string& device) const;
  // Live rollouts that the device takes part in, oldest first. Valid until the next wait.
  std::vector<const rollout::Campaign*> covering(const std::string& device) const;
  bool waits_for_deltas(const std::string& id) const;
  // Whether a live rollout, or a device that a rollout updated, needs the release.
  bool needs(const std::string& name, const Digest& digest) const;

  std::size_t live_count() const { return live_.size(); }
  const RolloutCounters& counters() const { return counters_; }

 private:
  // What a person said about a rollout: for the audit, and to know it again.
  struct Said {
    std::string rollout;
    Actor actor;
    RepeatKey repeat;
    int status = 200;
    std::vector<rollout::Content> brings;  // what has to be there still when this is stored
  };
  struct Entry {
    std::function<Result<void>(std::int64_t now_ms)> work;
    Said said;
    Result<void> result;
    std::function<void()> done;
  };
  struct Standing {
    std::string name, version;
    Digest digest;
    std::int64_t since_ms = 0;
  };
  using Batch = std::vector<std::shared_ptr<Entry>>;

  static Result<void> record(db::Transaction& transaction, const std::vector<db::RolloutSave>& saves,
                             const std::vector<Said>& said);

  net::Task<Result<void>> submit(std::function<Result<void>(std::int64_t)> work);
  net::Task<Result<void>> submit(std::function<Result<void>(std::int64_t)> work, Said said);
  net::Task<void> run();
  net::Task<void> run_batch(Batch batch);
  net::Task<void> join_regularly();
  net::Task<void> reload();
  net::Task<void> publish_tiles();
  Result<std::map<std::string, LiveRollout>> read_live();
  void adopt(std::map<std::string, LiveRollout> live);
  void tick(std::int64_t now_ms);
  void want_deltas(const Draft& draft, LiveRollout& live, std::int64_t now_ms);
  void publish(const std::vector<db::RolloutSave>& saves, const std::vector<rollout::Changes>& changes);
  rollout::Campaign::IsBusy busy_for(const std::string& rollout) const;
  bool superseded(const rollout::Campaign& campaign, const std::string& device) const;
  Result<LiveRollout*> find(const std::string& id);
  Result<void> carry_out(const std::string& id, const RolloutOrder& order, std::int64_t now_ms);
  std::optional<rollout::Assignment> decide(const std::string& device, const std::string& name,
                                            const Digest& have, bool proven, std::int64_t now_ms);
  std::optional<AssignedContents> decide_contents(const std::string& device,
                                                  const std::vector<std::string>& have, bool proven,
                                                  std::int64_t now_ms);
  std::optional<rollout::Assignment> standing(const std::string& device, const std::string& name) const;
  void stand(const std::string& device, Standing standing);

  Ports ports_;
  std::map<std::string, LiveRollout> live_;   // by id
  std::map<std::string, std::size_t> names_;  // of live rollouts' contents
  std::map<std::string, std::size_t> standing_names_;
  std::unordered_map<std::string, std::vector<Standing>> standing_;  // by device; as stored
  std::deque<std::shared_ptr<Entry>> queue_;
  RolloutTiles tiles_;
  net::Notifier wake_;
  net::TaskGroup main_, joining_;
  RolloutCounters counters_;
  bool stopping_ = false;
};

}  // namespace stratus::server
