#include "stratus/server/rollouts.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/base/ulid.hpp"
#include "stratus/server/artifact_guard.hpp"
#include "stratus/server/audit_log.hpp"
#include "stratus/server/call.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/rollout_json.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::server {
namespace {

using rollout::Campaign;

constexpr std::size_t kMaxQueue = 100'000;   // orders and news waiting
constexpr std::size_t kMaxBatch = 5'000;     // in one transaction
constexpr std::size_t kMaxDeviceNews = 500;  // events of single devices per batch
constexpr std::size_t kMaxLive = 1'000;      // rollouts that are not over
constexpr std::int64_t kLook = 200;          // ms between looks at deltas that are being made

// Those that could not be stored, as they are stored and not over. Blocks.
Result<std::map<std::string, LiveRollout>> read_again(db::Database& database,
                                                      const std::vector<db::RolloutSave>& saves) {
  std::map<std::string, LiveRollout> found;
  STRATUS_CHECK(database.read([&](db::Reader& reader) -> Result<void> {
    for (const db::RolloutSave& save : saves) {
      auto row = db::find_rollout(reader, save.rollout.id);
      if (!row && row.error().code() == ErrorCode::not_found) continue;  // it was to be a new one
      if (!row) return fail(std::move(row.error()));
      STRATUS_TRY(live, load_rollout(reader, *row));
      if (!is_final(live.campaign->header().state)) found.emplace(row->id, std::move(live));
    }
    return {};
  }));
  return found;
}

}  // namespace

// What people ordered, in the transaction that carries it out: for the audit, and the answers that are kept.
Result<void> Rollouts::record(db::Transaction& transaction, const std::vector<db::RolloutSave>& saves,
                              const std::vector<Said>& said) {
  for (const db::RolloutSave& save : saves) {
    for (const db::RolloutEventRow& event : save.events) {
      if (event.who.empty()) continue;
      wire::AuditEntry entry;
      entry.actor = event.who;
      entry.action = "rollout." + event.kind;
      entry.object = "rollout:" + save.rollout.id;
      entry.detail = encode_rollout_audit(event);
      const auto from = std::find_if(said.begin(), said.end(), [&](const Said& one) {
        return one.rollout == save.rollout.id && one.actor.label == event.who;
      });
      if (from != said.end()) {
        entry.address = from->actor.address;
        entry.request = from->actor.request;
      }
      STRATUS_CHECK(append_audit(transaction, std::move(entry)));
    }
  }
  for (const Said& one : said) {
    for (const rollout::Content& content : one.brings) STRATUS_CHECK(hold_content(transaction, content));
    if (one.repeat.key.empty()) continue;
    STRATUS_TRY(row, db::find_rollout(transaction, one.rollout));
    STRATUS_TRY(reply, reply_about(row, one.status));
    STRATUS_CHECK(keep_reply(transaction, one.repeat, reply));
  }
  return {};
}

Result<Reply> reply_about(const db::RolloutRow& row, int status) {
  STRATUS_TRY(body, encode_rollout(row, true));
  Reply reply{status, std::move(body), "", std::to_string(row.revision)};
  if (status == 201) reply.location = "/api/v1/rollouts/" + row.id;
  return reply;
}

Rollouts::Rollouts(Ports ports)
    : ports_(std::move(ports)), wake_(ports_.loop), main_(ports_.loop), joining_(ports_.loop) {}

// --- Start, stop, reading --------------------------------------------------------------------------------

Result<std::map<std::string, LiveRollout>> Rollouts::read_live() {
  std::map<std::string, LiveRollout> found;
  const std::vector<std::string> open{"draft", "approval", "scheduled", "running", "paused", "aborting"};
  STRATUS_CHECK(ports_.database.read([&](db::Reader& reader) -> Result<void> {
    STRATUS_TRY(rows, db::list_rollouts(reader, open, "", kMaxLive));
    for (const db::RolloutRow& row : rows) {
      STRATUS_TRY(live, load_rollout(reader, row));
      found.emplace(row.id, std::move(live));
    }
    return {};
  }));
  return found;
}

void Rollouts::adopt(std::map<std::string, LiveRollout> live) {
  live_ = std::move(live);
  names_.clear();
  for (const auto& [id, one] : live_) {
    for (const rollout::Content& content : one.campaign->spec().contents) ++names_[content.name];
  }
}

Result<void> Rollouts::load() {
  STRATUS_TRY(live, read_live());
  adopt(std::move(live));
  constexpr std::int64_t kAssignments = 50'000;
  for (std::string device, name;;) {
    STRATUS_TRY(page, db::load_assignments(ports_.database, device, name, kAssignments));
    for (const db::AssignmentRow& row : page) {
      STRATUS_TRY(digest, Digest::parse(row.digest));
      stand(row.device, {row.name, row.version, digest, row.since_ms});
      device = row.device;
      name = row.name;
    }
    if (static_cast<std::int64_t>(page.size()) < kAssignments) break;
  }
  if (!live_.empty()) log::info("rollouts", "{} rollouts go on", live_.size());
  return {};
}

void Rollouts::start() {
  main_.spawn(run());
  joining_.spawn(join_regularly());
  if (ports_.publish) joining_.spawn(publish_tiles());
}

net::Task<void> Rollouts::stop() {
  co_await joining_.stop();
  stopping_ = true;  // what waits is still decided, stored and answered
  wake_.notify_all();
  co_await main_.join();
}

net::Task<void> Rollouts::reload() {
  ++counters_.reloads;
  for (;;) {
    auto read = [&] { return read_live(); };
    auto live = co_await ports_.pool.run(read);
    if (live) {
      adopt(std::move(*live));
      co_return;
    }
    // Nothing is decided without knowing what is stored; people and devices get their errors meanwhile.
    log::error("rollouts", "cannot be read: {}", live.error().text());
    const Error why = live.error();
    for (const auto& entry : queue_) {
      entry->result = fail(why);
      entry->done();
    }
    queue_.clear();
    if (stopping_) co_return;
    const Millis pause(500);
    co_await net::sleep_for(pause);
  }
}

// --- The one task ----------------------------------------------------------------------------------------

net::Task<Result<void>> Rollouts::submit(std::function<Result<void>(std::int64_t)> work) {
  Said nobody;
  co_return co_await submit(std::move(work), std::move(nobody));
}

net::Task<Result<void>> Rollouts::submit(std::function<Result<void>(std::int64_t)> work, Said said) {
  if (stopping_ || queue_.size() >= kMaxQueue)
    co_return fail(ErrorCode::unavailable, "too much is going on; try again in a moment");
  auto entry = std::make_shared<Entry>();
  entry->work = std::move(work);
  entry->said = std::move(said);
  std::function<void(std::function<void()>)> begin = [&](std::function<void()> done) {
    entry->done = std::move(done);
    queue_.push_back(entry);
    wake_.notify_all();
  };
  co_await net::await_callback(begin);
  co_return std::move(entry->result);
}

net::Task<void> Rollouts::run() {
  for (;;) {
    if (queue_.empty() && stopping_) co_return;
    if (queue_.empty()) {
      const std::int64_t now = now_ms();
      std::int64_t next = std::numeric_limits<std::int64_t>::max();
      for (const auto& [id, live] : live_) {
        const std::int64_t wanted = live.campaign->next_tick(now);
        next = std::min(next, live.held_until_ms > now ? now + kLook : wanted);
      }
      constexpr std::int64_t kLongest = 60'000;  // the wall clock may be set meanwhile
      const Millis wait(std::clamp<std::int64_t>(
          next == std::numeric_limits<std::int64_t>::max() ? kLongest : next - now, 0, kLongest));
      if (wait > Millis(0)) (void)co_await wake_.wait_for(wait);
    }
    Batch batch;
    while (!queue_.empty() && batch.size() < kMaxBatch) {
      // What may be refused while it is stored takes nobody else along.
      const bool alone = !queue_.front()->said.brings.empty();
      if (alone && !batch.empty()) break;
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
      if (alone) break;
    }
    co_await run_batch(std::move(batch));
  }
}

void Rollouts::tick(std::int64_t now) {
  for (auto& [id, live] : live_) {
    std::erase_if(live.awaited, [this](const DeltaJob& job) { return !ports_.is_delta_pending(job); });
    if (live.held_until_ms > now && !live.awaited.empty()) continue;
    live.held_until_ms = 0;
    live.awaited.clear();
    live.campaign->use_offsets(offset_of_zone);
    live.campaign->tick(now, busy_for(id));
  }
}

net::Task<void> Rollouts::run_batch(Batch batch) {
  const std::int64_t now = now_ms();
  for (const auto& entry : batch) entry->result = entry->work(now);
  tick(now);

  auto saves = std::make_shared<std::vector<db::RolloutSave>>();
  std::vector<rollout::Changes> all;
  for (auto& [id, live] : live_) {
    rollout::Changes changes = live.campaign->take_changes();
    if (changes.empty()) continue;
    saves->push_back(save_of(live, changes, now));
    all.push_back(std::move(changes));
  }
  auto said = std::make_shared<std::vector<Said>>();
  for (const auto& entry : batch) {
    if (entry->result && !entry->said.rollout.empty()) said->push_back(entry->said);
  }
  Result<void> stored;
  if (!saves->empty() || !said->empty()) {
    ++counters_.batches;
    std::function<void(db::Database::Done)> write = [&](db::Database::Done done) {
      ports_.database.write(
          [saves, said](db::Transaction& transaction) -> Result<void> {
            STRATUS_CHECK(db::save_rollouts(transaction, *saves));
            return record(transaction, *saves, *said);
          },
          std::move(done));
    };
    stored = co_await await_write(write);
  }
  if (!stored) {
    log::error("rollouts", "not stored: {}", stored.error().text());
    for (const auto& entry : batch) {
      entry->result = fail(stored.error());
      entry->done();
    }
    // Only what was to be stored is another one than it was: the others go on, with the deltas they wait for.
    auto again = [&] { return read_again(ports_.database, *saves); };
    auto as_stored = co_await ports_.pool.run(again);
    if (!as_stored) {
      co_await reload();
      co_return;
    }
    ++counters_.reloads;
    for (const db::RolloutSave& save : *saves) live_.erase(save.rollout.id);
    live_.merge(*as_stored);
    adopt(std::exchange(live_, {}));
    co_return;
  }
  for (const db::RolloutSave& save : *saves) {
    LiveRollout& live = live_.at(save.rollout.id);
    live.revision = save.rollout.revision;
    live.exclusions.clear();
    counters_.starts += save.claimed.size();
    counters_.endings += save.history.size();
    for (const db::AssignmentRow& row : save.assignments)
      stand(row.device, {row.name, row.version, Digest::parse(row.digest).value_or(Digest()), row.since_ms});
  }
  publish(*saves, all);
  const std::size_t before = live_.size();
  std::erase_if(live_, [](const auto& one) { return is_final(one.second.campaign->header().state); });
  if (live_.size() != before) adopt(std::exchange(live_, {}));
  for (const auto& entry : batch) entry->done();
}

void Rollouts::publish(const std::vector<db::RolloutSave>& saves,
                       const std::vector<rollout::Changes>& changes) {
  for (std::size_t i = 0; i < saves.size(); ++i) {
    const LiveRollout& live = live_.at(saves[i].rollout.id);
    const Campaign& campaign = *live.campaign;
    if (ports_.tell) {
      for (const rollout::Telling& telling : changes[i].tellings)
        ports_.tell(telling, saves[i].rollout.id, campaign.spec().contents);
    }
    if (!ports_.publish) continue;
    for (const rollout::Note& note : changes[i].notes)
      if (!note.who.empty())
        ports_.publish(audit_news("rollout." + note.kind, "rollout:" + saves[i].rollout.id));
    ports_.publish({"rollouts", saves[i].rollout.id, encode_rollout_news(saves[i].rollout)});
    for (const std::uint32_t index : changes[i].devices)
      tiles_.note(saves[i].rollout.id, index, campaign.devices()[index]);
    if (changes[i].devices.size() > kMaxDeviceNews) continue;  // who watches reads the list again
    for (const std::uint32_t index : changes[i].devices) {
      const rollout::Device& device = campaign.devices()[index];
      ports_.publish(
          {"rollouts", saves[i].rollout.id, encode_rollout_device_news(saves[i].rollout.id, device)});
    }
  }
}

net::Task<void> Rollouts::publish_tiles() {
  for (;;) {
    co_await net::sleep_for(RolloutTiles::kEvery);
    for (Event& event : tiles_.flush()) ports_.publish(std::move(event));
  }
}

// --- Who holds a device, what stands for it --------------------------------------------------------------

std::string Rollouts::holder(const std::string& device) const {
  for (const auto& [id, live] : live_) {
    const rollout::Device* const found = live.campaign->find(device);
    if (found != nullptr && is_in_flight(found->state)) return id;
  }
  return "";
}

Campaign::IsBusy Rollouts::busy_for(const std::string& rollout) const {
  return [this, rollout](const std::string& device) {
    const std::string holds = holder(device);
    return !holds.empty() && holds != rollout;
  };
}

// Another rollout, or a later deployment, gave the device something else since.
bool Rollouts::superseded(const Campaign& campaign, const std::string& device) const {
  const rollout::Device* const row = campaign.find(device);
  for (std::size_t i = 0; i < campaign.spec().contents.size(); ++i) {
    const rollout::Content& content = campaign.spec().contents[i];
    const auto now = standing(device, content.name);
    if (now && now->digest != content.digest && row != nullptr && now->digest != row->before[i].digest)
      return true;
    const auto target = ports_.releases.target(content.name);
    if (target && target->changed_ms > campaign.header().started_ms) return true;
  }
  return false;
}

bool Rollouts::needs(const std::string& name, const Digest& digest) const {
  for (const auto& [id, live] : live_) {
    for (const rollout::Content& content : live.campaign->spec().contents) {
      if (content.name == name && content.digest == digest) return true;
    }
  }
  if (!standing_names_.contains(name)) return false;
  return std::any_of(standing_.begin(), standing_.end(), [&](const auto& one) {
    const auto now = standing(one.first, name);
    return now && now->digest == digest;
  });
}

void Rollouts::stand(const std::string& device, Standing standing) {
  std::vector<Standing>& all = standing_[device];
  for (Standing& one : all) {
    if (one.name != standing.name) continue;
    one = std::move(standing);
    return;
  }
  ++standing_names_[standing.name];
  all.push_back(std::move(standing));
}

std::optional<rollout::Assignment> Rollouts::standing(const std::string& device,
                                                      const std::string& name) const {
  const auto found = standing_.find(device);
  if (found == standing_.end()) return std::nullopt;
  for (const Standing& one : found->second) {
    if (one.name != name) continue;
    // "Everything at once" after the rollout is the newer word.
    const auto target = ports_.releases.target(name);
    if (target && target->changed_ms > one.since_ms) return std::nullopt;
    return rollout::Assignment{one.name, one.version, one.digest};
  }
  return std::nullopt;
}

std::optional<rollout::Assignment> Rollouts::under_way(const std::string& device,
                                                       const std::string& name) const {
  for (const auto& [id, live] : live_) {
    const rollout::Device* const row = live.campaign->find(device);
    if (row == nullptr) continue;
    const auto found = live.campaign->assignment(*row);
    if (found && found->name == name) return found;
  }
  return std::nullopt;
}

std::optional<rollout::Assignment> Rollouts::assigned(const std::string& device,
                                                      const std::string& name) const {
  auto found = under_way(device, name);
  if (!found && !holds_back(device, name)) found = standing(device, name);
  return found;
}

bool Rollouts::holds_back(const std::string& device, const std::string& name) const {
  const Campaign* const holds = live(holder(device));
  if (holds == nullptr) return false;
  return holds->spec().contents[holds->find(device)->content].name != name;
}

bool Rollouts::updates_any() const {
  return std::any_of(live_.begin(), live_.end(),
                     [](const auto& one) { return one.second.campaign->counts().in_flight() > 0; });
}

bool Rollouts::is_personal(const std::string& name) const {
  return names_.contains(name) || standing_names_.contains(name);
}

const Campaign* Rollouts::live(const std::string& id) const {
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : found->second.campaign.get();
}

std::vector<const Campaign*> Rollouts::covering(const std::string& device) const {
  std::vector<const Campaign*> found;
  for (const auto& [id, live] : live_) {
    if (live.campaign->find(device) != nullptr) found.push_back(live.campaign.get());
  }
  return found;
}

bool Rollouts::waits_for_deltas(const std::string& id) const {
  const auto found = live_.find(id);
  return found != live_.end() && found->second.held_until_ms > 0;
}

std::string Rollouts::explain(const Campaign& campaign, const rollout::Device& device) const {
  if (waits_for_deltas(campaign.header().id) && !is_closed(device.state))
    return "differences to older versions are being made first";
  return campaign.explain(device, now_ms(), busy_for(campaign.header().id));
}

// --- People ----------------------------------------------------------------------------------------------

net::Task<Result<Rollouts::Draft>> Rollouts::plan(rollout::Spec spec) {
  Draft draft;
  draft.id = new_ulid();
  for (rollout::Content& content : spec.contents) {
    Result<Digest> digest = ports_.releases.find(content.name, content.version);
    if (wire::update_kind_of(content.name) != wire::UpdateKind::container) {
      auto find = [&] { return ports_.find_artifact(content.name, content.version); };
      auto artifact = co_await ports_.pool.run(find);
      if (!artifact) co_return forward_error(std::move(artifact));
      digest = artifact->digest;
      draft.requirements.push_back(std::move(artifact->requirement));
    }
    if (!digest) co_return fail(digest.error());
    if (!content.digest.empty() && content.digest != *digest) {
      co_return fail(ErrorCode::conflict, fmt::format("{}:{} is {}, not {}", content.name, content.version,
                                                      digest->text(), content.digest.text()));
    }
    content.digest = *digest;
    if (wire::update_kind_of(content.name) != wire::UpdateKind::container) continue;
    auto requirement = co_await ports_.releases.requirement(content.name, content.digest);
    if (!requirement) co_return forward_error(std::move(requirement));
    draft.requirements.push_back(*requirement);
  }
  auto resolve = [&] { return ports_.fleet.resolve(spec.targets); };
  auto candidates = co_await ports_.pool.run(resolve);
  if (!candidates) co_return forward_error(std::move(candidates));
  draft.candidates = std::move(*candidates);
  draft.spec = std::move(spec);
  draft.plan = rollout::make_plan(draft.spec, draft.requirements, draft.candidates, draft.id);
  co_return draft;
}

// The differences from what the devices run are made before the first of them has its turn.
void Rollouts::want_deltas(const Draft& draft, LiveRollout& live, std::int64_t now) {
  constexpr std::size_t kMaxBases = 64;
  if (!ports_.want_delta) return;
  for (std::size_t i = 0; i < draft.spec.contents.size(); ++i) {
    const rollout::Content& content = draft.spec.contents[i];
    std::unordered_set<Digest> bases;
    for (const rollout::Member& member : draft.plan.members) {
      const Digest& base = member.before[i].digest;
      if (base.empty() || base == content.digest || !ports_.releases.is_released(content.name, base))
        continue;
      if (bases.size() >= kMaxBases || !bases.insert(base).second) continue;
      const DeltaJob job{content.name, base, content.digest};
      if (ports_.want_delta(job)) live.awaited.push_back(job);
    }
  }
  if (!live.awaited.empty()) live.held_until_ms = now + ports_.delta_wait.count();
}

net::Task<Result<std::string>> Rollouts::create(Draft draft, Actor who, bool submits, RepeatKey repeat) {
  if (draft.plan.members.empty() && draft.spec.joining == rollout::Joining::no) {
    std::string why = "no device matches";
    if (!draft.plan.exclusions.empty()) {
      const rollout::Exclusion& first = draft.plan.exclusions.front();
      why = fmt::format("no device can take part; {} are left out, {}: {}", draft.plan.exclusions.size(),
                        first.device, first.detail);
    }
    co_return fail(ErrorCode::conflict, why);
  }
  const std::string id = draft.id;
  auto work = [&](std::int64_t now) -> Result<void> {
    if (live_.size() >= kMaxLive) return fail(ErrorCode::unavailable, "too many rollouts are under way");
    rollout::Header header;
    header.id = id;
    header.author = who.label;
    header.author_person = who.person;
    header.created_ms = now;
    LiveRollout live;
    live.campaign = std::make_unique<Campaign>(Campaign::create(header, draft.spec, draft.plan));
    live.exclusions = draft.plan.exclusions;
    want_deltas(draft, live, now);
    if (submits) STRATUS_CHECK(live.campaign->submit(who.label, now));
    for (const rollout::Content& content : draft.spec.contents) ++names_[content.name];
    live_.emplace(id, std::move(live));
    return {};
  };
  Said said{id, who, std::move(repeat), 201, draft.spec.contents};
  auto done = co_await submit(work, std::move(said));
  if (!done) co_return forward_error(std::move(done));
  log::info("rollouts", "{} by {}: {} devices, {} left out", id, who.label, draft.plan.members.size(),
            draft.plan.exclusions.size());
  co_return id;
}

Result<LiveRollout*> Rollouts::find(const std::string& id) {
  const auto found = live_.find(id);
  if (found == live_.end()) return fail(ErrorCode::not_found, "no rollout " + id + " that is under way");
  return &found->second;
}

Result<void> Rollouts::carry_out(const std::string& id, const RolloutOrder& order, std::int64_t now) {
  STRATUS_TRY(live, find(id));
  STRATUS_CHECK(check_precondition(order.if_match, std::to_string(live->revision)));
  Campaign& campaign = *live->campaign;
  const rollout::Person person{order.actor.label, order.actor.person};
  using Kind = RolloutOrder::Kind;
  switch (order.kind) {
    case Kind::submit:
      return campaign.submit(order.actor.label, now);
    case Kind::approve:
      return campaign.approve(person, now);
    case Kind::reject:
      return campaign.reject(order.actor.label, order.why, now);
    case Kind::pause:
      return campaign.pause(order.actor.label, order.why, now);
    case Kind::resume:
      return campaign.resume(order.actor.label, now);
    case Kind::abort: {
      const auto busy = busy_for(id);
      return campaign.abort(
          order.actor.label, order.why, order.give_back, now,
          [&](const std::string& device) { return busy(device) || superseded(campaign, device); });
    }
    case Kind::retry: {
      STRATUS_TRY(retried, campaign.retry(order.actor.label, order.devices, order.expires_ms, now));
      (void)retried;
      return {};
    }
    case Kind::cancel: {
      STRATUS_TRY(count, campaign.cancel(order.actor.label, order.devices, now));
      (void)count;
      return {};
    }
    case Kind::advance: {
      STRATUS_TRY(opened, campaign.advance(person, now));
      (void)opened;
      return {};
    }
  }
  return fail(ErrorCode::invalid, "no such order");
}

net::Task<Result<void>> Rollouts::order(std::string id, RolloutOrder order) {
  // A rollout that is over may live again: it is read before its turn comes.
  std::shared_ptr<LiveRollout> woken;
  if (!live_.contains(id)) {
    auto read = [&]() -> Result<LiveRollout> {
      STRATUS_TRY(row, db::find_rollout(ports_.database, id));
      return load_rollout(ports_.database, row);
    };
    auto loaded = co_await ports_.pool.run(read);
    if (!loaded) co_return forward_error(std::move(loaded));
    woken = std::make_shared<LiveRollout>(std::move(*loaded));
  }
  auto work = [&](std::int64_t now) -> Result<void> {
    if (live_.contains(id)) return carry_out(id, order, now);
    if (!woken || !is_final(woken->campaign->header().state))
      return fail(ErrorCode::unavailable, "the rollout just ended; try again");
    live_.emplace(id, std::move(*woken));
    auto done = carry_out(id, order, now);
    if (!done) live_.erase(id);
    if (done) adopt(std::exchange(live_, {}));
    return done;
  };
  Said said{id, order.actor, order.repeat, 200, {}};
  // What lets devices begin holds what they are to get: nobody may have removed it meanwhile.
  const Campaign* const campaign = woken ? woken->campaign.get() : live(id);
  using Kind = RolloutOrder::Kind;
  if (campaign != nullptr &&
      (order.kind == Kind::submit || order.kind == Kind::approve || order.kind == Kind::retry))
    said.brings = campaign->spec().contents;
  if (campaign != nullptr && order.kind == Kind::abort && order.give_back) {
    const auto busy = busy_for(id);
    said.brings = given_back(
        *campaign, [&](const std::string& device) { return busy(device) || superseded(*campaign, device); });
  }
  co_return co_await submit(work, std::move(said));
}

}  // namespace stratus::server
