#include "stratus/update/device_record.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"

namespace stratus::update {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxRecord = 64u << 10;  // bytes
constexpr std::size_t kMaxReason = 512;

// Bytes of the UTF-8 character that `text` begins with, 0 when it begins with none (RFC 3629).
std::size_t character_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  const auto follows = [&](std::size_t i, unsigned char least = 0x80, unsigned char most = 0xbf) {
    return at(i) >= least && at(i) <= most;
  };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    return follows(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool second = follows(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// A reason may quote what a stranger sent. In the journal it must be UTF-8 whatever that was: a record that
// cannot be read again would keep the agent from ever starting.
std::string one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (out.size() + std::max<std::size_t>(length, 1) > kMaxReason) break;
    const bool shown = length > 1 || (length == 1 && text[0] >= 0x20 && text[0] != 0x7f);
    if (shown) {
      out += text.substr(0, length);
    } else {
      out += length == 0 ? '?' : ' ';
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

void remember_bad(DeviceRecord& record) {
  if (record.candidate.manifest.empty() || record.is_bad(record.candidate.manifest)) return;
  record.bad.push_back({record.candidate.manifest, record.reason});
  if (record.bad.size() > DeviceRecord::kMaxBad) record.bad.erase(record.bad.begin());
}

void accept(DeviceRecord& record, const EventDetail& detail) {
  record.candidate = detail.release;
  record.reason.clear();
  record.plan.clear();
  record.bytes = 0;
  record.began_ms = detail.now_ms;
  record.downtime_ms = 0;
  record.swap_attempts = 0;
  record.without_deltas = false;
}

void enter(DeviceRecord& record, const Transition& row, const EventDetail& detail) {
  record.bytes += detail.bytes;
  if (is_outcome(row.to) && row.event != Event::restarted) {
    // A refused candidate has not been through `accepted`: it is named here, so that the report can name it.
    if (row.from == State::checking) accept(record, detail);
    record.reason = one_line(detail.reason);
    if (detail.blame_release) remember_bad(record);
  }
  switch (row.event) {
    case Event::accepted:
      accept(record, detail);
      break;
    case Event::plan_ready:
    case Event::nothing_to_fetch:
      record.plan = detail.plan;
      break;
    case Event::damaged:
      record.without_deltas = true;
      break;
    case Event::swap_begins:
      ++record.swap_attempts;
      break;
    case Event::healthy:
      record.downtime_ms = detail.downtime_ms;
      break;
    case Event::passed:
      record.previous = record.current;
      record.current = record.candidate;
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

bool DeviceRecord::is_bad(const Digest& manifest) const {
  return std::any_of(bad.begin(), bad.end(),
                     [&](const BadRelease& entry) { return entry.manifest == manifest; });
}

Result<Action> step(DeviceRecord& record, Event event, const EventDetail& detail) {
  STRATUS_TRY(row, next_transition(record.state, event));
  enter(record, row, detail);
  return row.action;
}

Event restart_event(const DeviceRecord& record, bool candidate_alive, bool same_boot) {
  const bool tried = record.state == State::swapping || record.state == State::probation;
  if (record.state == State::probation && candidate_alive) return Event::restarted_alive;
  if (record.state == State::probation && same_boot) return Event::restarted_dead;
  if (tried && record.swap_attempts >= DeviceRecord::kMaxSwapAttempts) return Event::restarted_too_often;
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
    bad.push_back(json::object{{"manifest", entry.manifest.text()}, {"reason", entry.reason}});
  }
  if (!bad.empty()) object["bad"] = std::move(bad);
  if (record.swap_attempts != 0) object["swap_attempts"] = record.swap_attempts;
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
  record.swap_attempts = static_cast<unsigned>(reader.optional_number("swap_attempts", 0));
  record.without_deltas = reader.optional_number("without_deltas", 0) != 0;
  record.plan = reader.optional_text("plan", 16);
  record.bytes = reader.optional_number("bytes", 0);
  record.began_ms = reader.optional_number("began_ms", 0);
  record.downtime_ms = reader.optional_number("downtime_ms", 0);
  record.next_sequence = reader.optional_number("next_sequence", 1);
  for (const json::value& element : reader.optional_array("bad", DeviceRecord::kMaxBad)) {
    ObjectReader entry(element, "bad");
    record.bad.push_back({entry.digest("manifest"), entry.text("reason", kMaxReason)});
    STRATUS_CHECK(entry.done());
  }
  STRATUS_CHECK(reader.done());
  STRATUS_TRY(current, parse_release(value, "current"));
  STRATUS_TRY(previous, parse_release(value, "previous"));
  STRATUS_TRY(candidate, parse_release(value, "candidate"));
  record.current = std::move(current);
  record.previous = std::move(previous);
  record.candidate = std::move(candidate);
  return record;
}

}  // namespace stratus::update
