#include "stratus/server/rollout_views.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "stratus/base/clock.hpp"
#include "stratus/db/rollouts.hpp"
#include "stratus/rollout/records.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/failure_groups.hpp"
#include "stratus/server/rollout_replay.hpp"
#include "stratus/server/rollout_tiles.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;

constexpr std::int64_t kSteps = 240;         // of a timeline
constexpr std::int64_t kMostCauses = 5'000;  // that are looked at
constexpr std::size_t kMostGroups = 200;

const std::vector<std::string> kFailed{"failed", "timeout", "rolled_back"};
const std::vector<std::string> kClosed{"success",   "failed",      "timeout",
                                       "cancelled", "rolled_back", "returned"};

Result<std::string> read_timeline(db::Reader& reader, const std::string& id, std::int64_t now) {
  STRATUS_TRY(row, db::find_rollout(reader, id));
  STRATUS_TRY(header, rollout::parse_header(row.header));
  STRATUS_TRY(waves, rollout::parse_counts(row.header));
  std::uint32_t total = 0;
  for (const rollout::Counts& wave : waves) total += wave.total();
  const std::int64_t from = header.started_ms > 0 ? header.started_ms : row.created_ms;
  const std::int64_t to = std::max(header.finished_ms > 0 ? header.finished_ms : now, from);
  const std::int64_t step = std::max<std::int64_t>(1'000, (to - from) / kSteps + 1);
  STRATUS_TRY(stretches, db::count_rollout_stretches(reader, id, kClosed, from, step));
  json::array points;
  std::int64_t success = 0, failed = 0, other = 0;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const db::RolloutStretch& one = stretches[i];
    const bool bad = std::find(kFailed.begin(), kFailed.end(), one.state) != kFailed.end();
    (one.state == "success" ? success : bad ? failed : other) += one.devices;
    if (i + 1 < stretches.size() && stretches[i + 1].number == one.number) continue;
    const std::int64_t at = std::clamp(from + (one.number + 1) * step, from, to);
    points.push_back(
        json::object{{"at", format_time_ms(at)}, {"success", success}, {"failed", failed}, {"other", other}});
  }
  const json::object body{{"from", format_time_ms(from)},
                          {"to", format_time_ms(to)},
                          {"step_ms", step},
                          {"total", total},
                          {"points", std::move(points)}};
  return json::serialize(body);
}

json::object describe(const FailureGroup& group, const rollout::Spec& spec) {
  json::object states;
  for (const auto& [state, devices] : group.states) states[state] = devices;
  std::vector<std::pair<std::int64_t, std::string>> boards;
  for (const auto& [hardware, devices] : group.hardware) boards.emplace_back(-devices, hardware);
  std::sort(boards.begin(), boards.end());
  json::array hardware;
  for (const auto& [devices, name] : boards)
    hardware.push_back(json::object{{"hardware", name}, {"devices", -devices}});
  json::array sample;
  for (const std::string& device : group.sample) sample.push_back(json::string(device));
  json::object content{{"name", ""}, {"version", ""}};
  if (const auto place = static_cast<std::size_t>(group.content); place < spec.contents.size())
    content = {{"name", spec.contents[place].name}, {"version", spec.contents[place].version}};
  return {{"pattern", group.pattern},
          {"example", group.example},
          {"content", std::move(content)},
          {"devices", group.devices},
          {"first_at", format_time_ms(group.first_ms)},
          {"last_at", format_time_ms(group.last_ms)},
          {"states", std::move(states)},
          {"hardware", std::move(hardware)},
          {"sample", std::move(sample)}};
}

Result<std::string> read_failures(db::Reader& reader, const std::string& id) {
  STRATUS_TRY(row, db::find_rollout(reader, id));
  STRATUS_TRY(spec, rollout::parse_spec_text(row.spec));
  STRATUS_TRY(rows, db::group_rollout_failures(reader, id, kFailed, kMostCauses));
  std::int64_t devices = 0;
  for (const db::RolloutFailures& one : rows) devices += one.devices;
  json::array items;
  for (const FailureGroup& group : group_failures(rows)) {
    if (items.size() == kMostGroups) break;
    items.push_back(describe(group, spec));
  }
  return json::serialize(json::object{{"devices", devices}, {"items", std::move(items)}});
}

}  // namespace

void RolloutViews::register_routes(Router& router) {
  const auto add = [&](const char* pattern, net::Task<Result<void>> (RolloutViews::*handler)(Call&)) {
    router.add("GET", pattern, Scope::rollouts_read,
               [this, handler](Call& call) { return (this->*handler)(call); });
  };
  add("/api/v1/rollouts/{id}/tiles", &RolloutViews::tiles);
  add("/api/v1/rollouts/{id}/replay", &RolloutViews::replay);
  add("/api/v1/rollouts/{id}/timeline", &RolloutViews::timeline);
  add("/api/v1/rollouts/{id}/failures", &RolloutViews::failures);
}

net::Task<Result<void>> RolloutViews::tiles(Call& call) {
  const std::string id = call.parameter("id");
  // Before reading: what changes meanwhile comes as an event, and once more does no harm.
  const std::string event = bus_.id_of(bus_.newest());
  auto read = [&]() -> Result<std::string> {
    STRATUS_CHECK(db::find_rollout(database_, id));
    STRATUS_TRY(found, db::list_rollout_tiles(database_, id));
    return encode_tiles(id, found, event);
  };
  auto body = co_await lists_.run(read);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

net::Task<Result<void>> RolloutViews::replay(Call& call) {
  const std::string id = call.parameter("id");
  auto read = [&]() -> Result<std::string> {
    STRATUS_CHECK(db::find_rollout(database_, id));
    STRATUS_TRY(found, db::list_rollout_times(database_, id));
    return encode_replay(id, found);
  };
  auto body = co_await lists_.run(read);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

net::Task<Result<void>> RolloutViews::timeline(Call& call) {
  const std::string id = call.parameter("id");
  const std::int64_t now = now_ms();
  auto read = [&] { return read_timeline(database_, id, now); };
  auto body = co_await lists_.run(read);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

net::Task<Result<void>> RolloutViews::failures(Call& call) {
  const std::string id = call.parameter("id");
  auto read = [&] { return read_failures(database_, id); };
  auto body = co_await lists_.run(read);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

}  // namespace stratus::server
