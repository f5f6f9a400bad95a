#include "stratus/update/device_record.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/base/one_line.hpp"

namespace stratus::update {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxRecord = 64u << 10;  // bytes
constexpr std::size_t kMaxReason = 512;

constexpr std::uint64_t kFirstPause = 3'600'000;  // ms that a release is set aside for, doubled each time
constexpr std::uint64_t kLongestPause = 24 * kFirstPause;

std::uint64_t pause_of(unsigned times) {
  return std::min(kLongestPause, kFirstPause << std::min(times == 0 ? 0u : times - 1, 5u));
}

// A candidate that failed: for good, or until a while after `now_ms`.
void remember_bad(DeviceRecord& record, bool for_good, std::uint64_t now_ms) {
  const Digest& manifest = record.candidate.manifest;
  if (manifest.empty()) return;
  BadRelease entry{manifest, record.reason, 0, 1};
  const auto known = std::find_if(record.bad.begin(), record.bad.end(),
                                  [&](const BadRelease& other) { return other.manifest == manifest; });
  if (known != record.bad.end()) {
    if (known->retry_ms == 0) return;
    entry.times = known->times + 1;
    record.bad.erase(known);
  }
  if (!for_good) entry.retry_ms = std::max<std::uint64_t>(now_ms + pause_of(entry.times), 1);
  record.bad.push_back(std::move(entry));
  if (record.bad.size() > DeviceRecord::kMaxBad) record.bad.erase(record.bad.begin());
}

void raise_floor(DeviceRecord& record, const std::string& name) {
  for (CounterFloor& floor : record.floors) {
    if (floor.name != name) continue;
    floor.counter = std::max(floor.counter, record.counter);
    return;
  }
  record.floors.push_back({name, record.counter});
  if (record.floors.size() > DeviceRecord::kMaxFloors) record.floors.erase(record.floors.begin());
}

void commit(DeviceRecord& record, const EventDetail& detail) {
  record.previous = record.current;
  record.current = record.candidate;
  raise_floor(record, detail.name);
  std::erase_if(record.bad,
                [&](const BadRelease& entry) { return entry.manifest == record.current.manifest; });
}

void accept(DeviceRecord& record, const EventDetail& detail) {
  record.candidate = detail.release;
  record.reason.clear();
  record.plan.clear();
  record.bytes = 0;
  record.began_ms = detail.now_ms;
  record.downtime_ms = 0;
  record.unpacking = {};
  record.swapping = {};
  record.counter = detail.counter;
  record.without_deltas = false;
}

// What was committed takes the place of a candidate that failed.
void fall_back(DeviceRecord& record, const EventDetail& detail) {
  EventDetail failed = detail;
  failed.release = std::exchange(record.current, std::exchange(record.previous, {}));
  accept(record, failed);
}

void enter(DeviceRecord& record, const Transition& row, const EventDetail& detail) {
  if (row.event == Event::current_failed) fall_back(record, detail);
  record.bytes += detail.bytes;
  if (is_outcome(row.to) && row.event != Event::restarted) {
    // A refused candidate has not been through `accepted`: it is named here, so that the report can name it.
    if (row.from == State::checking) accept(record, detail);
    // It may quote what a stranger sent. In the journal it must be UTF-8 whatever that was: a record that
    // cannot be read again would keep the agent from ever starting.
    record.reason = one_line(detail.reason, kMaxReason);
    if (detail.blame_release || detail.set_aside) remember_bad(record, detail.blame_release, detail.now_ms);
  }
  switch (row.event) {
    case Event::accepted:
      accept(record, detail);
      break;
    case Event::plan_ready:
      record.plan = detail.plan;
      break;
    case Event::nothing_to_fetch:
      record.plan = detail.plan;
      record.unpacking.count(detail.boot);
      break;
    case Event::fetched:
      record.unpacking.count(detail.boot);
      break;
    case Event::damaged:
      record.unpacking = {};
      record.without_deltas = true;
      break;
    case Event::swap_begins:
      record.swapping.count(detail.boot);
      break;
    case Event::healthy:
      record.downtime_ms = detail.downtime_ms;
      break;
    case Event::passed:
      commit(record, detail);
      break;
    case Event::settled:
      record.candidate = {};
      ++record.next_sequence;
      break;
    default:
      break;
  }
  record.state = row.to;
}

json::object encode_attempts(const Attempts& attempts) {
  return {{"here", attempts.here}, {"boots", attempts.boots}, {"boot", attempts.boot}};
}

Result<Attempts> parse_attempts(const json::value& value, std::string_view key) {
  const json::object* const object = value.if_object();
  const json::value* const member = object != nullptr ? object->if_contains(key) : nullptr;
  if (member == nullptr) return Attempts{};
  ObjectReader reader(*member, std::string(key));
  Attempts attempts;
  attempts.here = static_cast<unsigned>(std::min<std::uint64_t>(reader.number("here"), 1000));
  attempts.boots = static_cast<unsigned>(std::min<std::uint64_t>(reader.number("boots"), 1000));
  attempts.boot = reader.optional_text("boot", 128);
  STRATUS_CHECK(reader.done());
  return attempts;
}

Result<BadRelease> parse_bad(const json::value& element) {
  ObjectReader entry(element, "bad");
  BadRelease bad{entry.digest("manifest"), entry.optional_text("reason", kMaxReason),
                 entry.optional_number("retry_ms", 0),
                 static_cast<unsigned>(std::min<std::uint64_t>(entry.optional_number("times", 1), 1000))};
  STRATUS_CHECK(entry.done());
  return bad;
}

Result<CounterFloor> parse_floor(const json::value& element) {
  ObjectReader entry(element, "floors");
  CounterFloor floor{entry.text("name", 255), entry.number("counter")};
  STRATUS_CHECK(entry.done());
  return floor;
}

json::object encode_release(const ReleaseId& release) {
  return {{"manifest", release.manifest.text()}, {"version", release.version}};
}

Result<ReleaseId> parse_release(const json::value& value, std::string_view key) {
  const json::object* const object = value.if_object();
  const json::value* const member = object != nullptr ? object->if_contains(key) : nullptr;
  if (member == nullptr) return ReleaseId{};
  ObjectReader reader(*member, std::string(key));
  ReleaseId release;
  release.manifest = reader.digest("manifest");
  release.version = reader.text("version", 128);
  STRATUS_CHECK(reader.done());
  return release;
}

}  // namespace

bool DeviceRecord::is_bad(const Digest& manifest, std::uint64_t now_ms) const {
  return std::any_of(bad.begin(), bad.end(), [&](const BadRelease& entry) {
    if (entry.manifest != manifest) return false;
    if (entry.retry_ms == 0) return true;
    // A clock that was set back must not keep it away for longer than was meant.
    return now_ms != 0 && now_ms < entry.retry_ms && entry.retry_ms - now_ms <= kLongestPause;
  });
}

std::optional<std::uint64_t> DeviceRecord::retry_after(const Digest& manifest, std::uint64_t now_ms) const {
  if (is_bad(manifest, 0)) return std::nullopt;
  if (!is_bad(manifest, now_ms)) return 0;
  const auto entry = std::find_if(bad.begin(), bad.end(),
                                  [&](const BadRelease& other) { return other.manifest == manifest; });
  return entry->retry_ms - now_ms;
}

std::uint64_t DeviceRecord::floor_of(std::string_view name) const {
  for (const CounterFloor& floor : floors) {
    if (floor.name == name) return floor.counter;
  }
  return 0;
}

void Attempts::count(const std::string& now_boot) {
  if (boots == 0 || boot != now_boot) {
    boot = now_boot;
    here = 0;
    ++boots;
  }
  ++here;
}

bool Attempts::too_often(const std::string& now_boot) const {
  return (boot == now_boot && here >= kMaxInOneBoot) || boots >= kMaxBoots;
}

Result<Action> step(DeviceRecord& record, Event event, const EventDetail& detail) {
  STRATUS_TRY(row, next_transition(record.state, event));
  enter(record, row, detail);
  return row.action;
}

Event restart_event(const DeviceRecord& record, bool candidate_alive, bool candidate_died,
                    const std::string& boot) {
  const bool tried = record.state == State::swapping || record.state == State::probation;
  if (record.state == State::probation && candidate_alive) return Event::restarted_alive;
  if (record.state == State::probation && candidate_died) return Event::restarted_dead;
  if (tried && record.swapping.too_often(boot)) return Event::restarted_too_often;
  if (record.state == State::verifying && record.unpacking.too_often(boot)) return Event::restarted_too_often;
  return Event::restarted;
}

std::vector<Digest> releases_to_keep(const DeviceRecord& record) {
  std::vector<Digest> keep;
  for (const ReleaseId* const release : {&record.current, &record.previous, &record.candidate}) {
    if (!release->manifest.empty()) keep.push_back(release->manifest);
  }
  return keep;
}

std::string encode_record(const DeviceRecord& record) {
  json::object object{{"state", name_of(record.state)}};
  if (!record.reason.empty()) object["reason"] = record.reason;
  if (!record.current.manifest.empty()) object["current"] = encode_release(record.current);
  if (!record.previous.manifest.empty()) object["previous"] = encode_release(record.previous);
  if (!record.candidate.manifest.empty()) object["candidate"] = encode_release(record.candidate);
  json::array bad;
  for (const BadRelease& entry : record.bad) {
    json::object about{{"manifest", entry.manifest.text()}, {"reason", entry.reason}};
    if (entry.retry_ms != 0) about["retry_ms"] = entry.retry_ms;
    if (entry.times != 1) about["times"] = entry.times;
    bad.push_back(std::move(about));
  }
  if (!bad.empty()) object["bad"] = std::move(bad);
  json::array floors;
  for (const CounterFloor& floor : record.floors) {
    floors.push_back(json::object{{"name", floor.name}, {"counter", floor.counter}});
  }
  if (!floors.empty()) object["floors"] = std::move(floors);
  if (record.counter != 0) object["counter"] = record.counter;
  if (record.unpacking.boots != 0) object["unpacking"] = encode_attempts(record.unpacking);
  if (record.swapping.boots != 0) object["swapping"] = encode_attempts(record.swapping);
  if (record.without_deltas) object["without_deltas"] = 1;
  if (!record.plan.empty()) object["plan"] = record.plan;
  if (record.bytes != 0) object["bytes"] = record.bytes;
  if (record.began_ms != 0) object["began_ms"] = record.began_ms;
  if (record.downtime_ms != 0) object["downtime_ms"] = record.downtime_ms;
  object["next_sequence"] = record.next_sequence;
  return json::serialize(object);
}

Result<DeviceRecord> parse_record(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxRecord));
  ObjectReader reader(value, "");
  DeviceRecord record;
  const std::optional<State> state = state_named(reader.text("state", 32));
  if (!state) reader.reject("state", "not a state");
  record.state = state.value_or(State::idle);
  record.reason = reader.optional_text("reason", kMaxReason);
  record.counter = reader.optional_number("counter", 0);
  record.without_deltas = reader.optional_number("without_deltas", 0) != 0;
  record.plan = reader.optional_text("plan", 16);
  record.bytes = reader.optional_number("bytes", 0);
  record.began_ms = reader.optional_number("began_ms", 0);
  record.downtime_ms = reader.optional_number("downtime_ms", 0);
  record.next_sequence = reader.optional_number("next_sequence", 1);
  for (const json::value& element : reader.optional_array("bad", DeviceRecord::kMaxBad)) {
    STRATUS_TRY(entry, parse_bad(element));
    record.bad.push_back(std::move(entry));
  }
  for (const json::value& element : reader.optional_array("floors", DeviceRecord::kMaxFloors)) {
    STRATUS_TRY(floor, parse_floor(element));
    record.floors.push_back(std::move(floor));
  }
  STRATUS_CHECK(reader.done());
  STRATUS_TRY(current, parse_release(value, "current"));
  STRATUS_TRY(previous, parse_release(value, "previous"));
  STRATUS_TRY(candidate, parse_release(value, "candidate"));
  STRATUS_TRY(unpacking, parse_attempts(value, "unpacking"));
  STRATUS_TRY(swapping, parse_attempts(value, "swapping"));
  record.unpacking = std::move(unpacking);
  record.swapping = std::move(swapping);
  record.current = std::move(current);
  record.previous = std::move(previous);
  record.candidate = std::move(candidate);
  return record;
}

Result<DeviceRecord> salvage_record(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxRecord));
  STRATUS_TRY(current, parse_release(value, "current"));
  if (current.manifest.empty()) return fail(ErrorCode::invalid, "no committed release");
  DeviceRecord record;
  record.current = std::move(current);
  if (auto previous = parse_release(value, "previous")) record.previous = std::move(*previous);
  const json::object& object = *value.if_object();
  const auto elements = [&](std::string_view key, std::size_t most) {
    const json::value* const found = object.if_contains(key);
    const json::array* const array = found != nullptr ? found->if_array() : nullptr;
    return array != nullptr && array->size() <= most ? *array : json::array();
  };
  for (const json::value& element : elements("bad", DeviceRecord::kMaxBad)) {
    if (auto entry = parse_bad(element)) record.bad.push_back(std::move(*entry));
  }
  for (const json::value& element : elements("floors", DeviceRecord::kMaxFloors)) {
    if (auto floor = parse_floor(element)) record.floors.push_back(std::move(*floor));
  }
  ObjectReader reader(value, "");
  record.next_sequence = std::max<std::uint64_t>(reader.optional_number("next_sequence", 1), 1);
  return record;
}

}  // namespace stratus::update
