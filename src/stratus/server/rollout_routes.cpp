#include "stratus/server/rollout_routes.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/db/devices.hpp"
#include "stratus/db/rollout_sums.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/cursor.hpp"
#include "stratus/server/request_text.hpp"
#include "stratus/server/rollout_costs.hpp"
#include "stratus/server/rollout_json.hpp"
#include "stratus/wire/report.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;

Result<RolloutOrder> parse_order(const json::value& body, RolloutOrder::Kind kind) {
  RolloutOrder order;
  order.kind = kind;
  ObjectReader reader(body, "");
  order.why = reader.optional_text("reason", 256);
  const std::string expires = reader.optional_text("expires_at", 64);
  for (const json::value& one : reader.optional_array("devices", rollout::Spec::kMaxTargets)) {
    const json::string* const text = one.if_string();
    if (text == nullptr || !wire::is_device_id({text->data(), text->size()})) {
      reader.reject("devices", "not an array of device ids");
      break;
    }
    order.devices.emplace_back(text->data(), text->size());
  }
  if (const json::value* const back =
          body.is_object() ? body.get_object().if_contains("give_back") : nullptr) {
    if (!back->is_bool()) reader.reject("give_back", "not true or false");
    order.give_back = back->is_bool() && back->get_bool();
  }
  STRATUS_CHECK(reader.done());
  if (!expires.empty()) {
    STRATUS_TRY(time, parse_time(expires).with_context("expires_at"));
    order.expires_ms = time.time_since_epoch().count();
  }
  if (kind == RolloutOrder::Kind::cancel && order.devices.empty())
    return fail(ErrorCode::invalid, "devices: name those that are to be taken out");
  return order;
}

// What comes after a page of `limit` items, of which one more was asked for.
template <class Item, class Key>
std::string cut(std::vector<Item>& items, std::int64_t limit, Key key) {
  if (static_cast<std::int64_t>(items.size()) <= limit) return "";
  items.pop_back();
  return encode_cursor({key(items.back())});
}

Result<std::string> cursor_of(const Call& call) {
  const auto text = call.query("cursor");
  if (!text || text->empty()) return std::string();
  STRATUS_TRY(parts, decode_cursor(*text, 1));
  return parts[0];
}

}  // namespace

void RolloutRoutes::register_routes(Router& router) {
  using Handler = Answer (RolloutRoutes::*)(Call&);
  const auto add = [&](const char* method, const char* pattern, Scope scope, Handler handler) {
    router.add(method, pattern, scope, [this, handler](Call& call) { return (this->*handler)(call); });
  };
  const auto add_order = [&](const char* word, RolloutOrder::Kind kind) {
    router.add("POST", std::string("/api/v1/rollouts/{id}/") + word, Scope::rollouts_write,
               [this, kind](Call& call) { return order(call, kind); });
  };
  add("POST", "/api/v1/rollouts", Scope::rollouts_write, &RolloutRoutes::create);
  add("POST", "/api/v1/rollouts/dry-run", Scope::rollouts_read, &RolloutRoutes::dry_run);
  add("GET", "/api/v1/rollouts", Scope::rollouts_read, &RolloutRoutes::list);
  add("GET", "/api/v1/rollouts/{id}", Scope::rollouts_read, &RolloutRoutes::show);
  add("GET", "/api/v1/rollouts/{id}/devices", Scope::rollouts_read, &RolloutRoutes::list_devices);
  add("GET", "/api/v1/rollouts/{id}/exclusions", Scope::rollouts_read, &RolloutRoutes::list_exclusions);
  add("GET", "/api/v1/rollouts/{id}/events", Scope::rollouts_read, &RolloutRoutes::list_events);
  add("GET", "/api/v1/devices/{id}/rollouts", Scope::rollouts_read, &RolloutRoutes::list_history);
  using Kind = RolloutOrder::Kind;
  add_order("submit", Kind::submit);
  add_order("approve", Kind::approve);
  add_order("reject", Kind::reject);
  add_order("pause", Kind::pause);
  add_order("resume", Kind::resume);
  add_order("abort", Kind::abort);
  add_order("retry", Kind::retry);
  add_order("cancel", Kind::cancel);
  add_order("advance", Kind::advance);
}

net::Task<Result<db::RolloutRow>> RolloutRoutes::find(std::string id) {
  auto read = [&] { return db::find_rollout(database_, id); };
  auto row = co_await pool_.run(read);
  co_return row;
}

net::Task<Result<void>> RolloutRoutes::judge(const rollout::Spec& spec) {
  const std::string command = "sign";
  for (const rollout::Content& content : spec.contents) {
    if (wire::update_kind_of(content.name) != wire::UpdateKind::container) continue;
    auto admitted = co_await gate_.admit(content.name, content.version, spec.accept_unsigned, command);
    if (!admitted) co_return admitted;
  }
  co_return Result<void>();
}

net::Task<Result<void>> RolloutRoutes::judge_again(std::string id) {
  const rollout::Campaign* const campaign = rollouts_.live(id);
  if (campaign == nullptr) co_return Result<void>();  // the order itself says what is wrong
  const rollout::State state = campaign->header().state;
  if (state != rollout::State::draft && state != rollout::State::approval) co_return Result<void>();
  const rollout::Spec spec = campaign->spec();
  co_return co_await judge(spec);
}

net::Task<Result<Rollouts::Draft>> RolloutRoutes::plan(rollout::Spec spec) {
  auto judged = co_await judge(spec);
  if (!judged) co_return forward_error(std::move(judged));
  auto planned = co_await rollouts_.plan(std::move(spec));
  if (!planned || planned->spec.approval || approval_from_percent_ == 0) co_return planned;
  auto count = [&]() -> Result<std::int64_t> {
    STRATUS_TRY(active, db::parse_filter("active=yes"));
    return db::count_devices(database_, active, now_ms());
  };
  auto active = co_await pool_.run(count);
  if (!active) co_return forward_error(std::move(active));
  const auto members = static_cast<std::int64_t>(planned->plan.members.size());
  // Who joins later is counted by nobody: it may come to be everybody.
  planned->spec.approval = planned->spec.targets.all || planned->spec.joining != rollout::Joining::no ||
                           (members > 0 && members * 100 >= *active * approval_from_percent_);
  co_return planned;
}

RolloutRoutes::Answer RolloutRoutes::create(Call& call) {
  auto body = co_await call.read_json(rollout::Spec::kMaxEncoded);
  if (!body) co_return forward_error(std::move(body));
  const bool draft = take_flag(*body, "draft");
  auto spec = rollout::parse_spec(*body, now_ms());
  if (!spec) co_return forward_error(std::move(spec));
  Making change = [&](RepeatKey repeat) {
    return plan_and_create(std::move(*spec), !draft, call.actor(), std::move(repeat));
  };
  co_return co_await once(call, 201, change);
}

net::Task<Result<std::string>> RolloutRoutes::plan_and_create(rollout::Spec spec, bool submit, Actor who,
                                                              RepeatKey repeat) {
  auto planned = co_await plan(std::move(spec));
  if (!planned) co_return forward_error(std::move(planned));
  auto id = co_await rollouts_.create(std::move(*planned), std::move(who), submit, std::move(repeat));
  co_return id;
}

RolloutRoutes::Answer RolloutRoutes::once(Call& call, int status, Making change) {
  auto repeat = call.repeat_key();
  if (!repeat) co_return forward_error(std::move(repeat));
  const std::string key = repeat->key;
  while (!key.empty() && repeating_.contains(key)) {
    co_await repeated_.wait();
  }
  class Turn {
   public:
    Turn(RolloutRoutes& routes, const std::string& mine) : routes_(routes), mine_(mine) {
      routes_.repeating_.insert(mine_);
    }
    ~Turn() {
      routes_.repeating_.erase(mine_);
      routes_.repeated_.notify_all();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    RolloutRoutes& routes_;
    const std::string& mine_;
  };
  std::optional<Turn> turn;
  if (!key.empty()) {
    turn.emplace(*this, key);
    auto look = [&] { return find_kept(database_, *repeat); };
    auto kept = co_await pool_.run(look);
    if (!kept) co_return forward_error(std::move(kept));
    if (*kept) co_return co_await call.respond(std::move(**kept));
  }
  auto id = co_await change(std::move(*repeat));
  if (!id) co_return forward_error(std::move(id));
  auto row = co_await find(*id);
  if (!row) co_return forward_error(std::move(row));
  auto reply = reply_about(*row, status);
  if (!reply) co_return forward_error(std::move(reply));
  co_return co_await call.respond(std::move(*reply));
}

RolloutRoutes::Answer RolloutRoutes::dry_run(Call& call) {
  auto body = co_await call.read_json(rollout::Spec::kMaxEncoded);
  if (!body) co_return forward_error(std::move(body));
  (void)take_flag(*body, "draft");
  auto spec = rollout::parse_spec(*body, now_ms());
  if (!spec) co_return forward_error(std::move(spec));
  auto planned = co_await plan(std::move(*spec));
  if (!planned) co_return forward_error(std::move(planned));
  auto count = [&]() -> Result<rollout::Estimate> {
    STRATUS_CHECK(add_gateways(database_, planned->candidates));
    STRATUS_TRY(usual_ms, db::usual_update_ms(database_));
    return read_costs(repositories_, planned->spec, planned->plan, planned->candidates, usual_ms);
  };
  auto costs = co_await pool_.run(count);
  if (!costs) co_return forward_error(std::move(costs));
  const std::string answer = encode_rollout_plan(planned->spec, planned->plan, *costs);
  co_return co_await call.respond_json(200, answer);
}

RolloutRoutes::Answer RolloutRoutes::list(Call& call) {
  const std::int64_t limit = call.limit(50, 200);
  auto before = cursor_of(call);
  if (!before) co_return forward_error(std::move(before));
  std::vector<std::string> states;
  std::string wanted = call.query("state").value_or("");
  while (!wanted.empty()) {
    const std::size_t comma = wanted.find(',');
    const std::string state = wanted.substr(0, comma);
    if (!rollout::state_named(state)) co_return fail(ErrorCode::invalid, "state: no such state");
    states.push_back(state);
    wanted = comma == std::string::npos ? "" : wanted.substr(comma + 1);
  }
  auto read = [&] { return db::list_rollouts(database_, states, *before, limit + 1); };
  auto rows = co_await pool_.run(read);
  if (!rows) co_return forward_error(std::move(rows));
  const std::string next = cut(*rows, limit, [](const db::RolloutRow& row) { return row.id; });
  auto answer = encode_rollout_list(*rows, next);
  if (!answer) co_return forward_error(std::move(answer));
  co_return co_await call.respond_json(200, *answer);
}

RolloutRoutes::Answer RolloutRoutes::show(Call& call) {
  auto row = co_await find(call.parameter("id"));
  if (!row) co_return forward_error(std::move(row));
  auto answer = encode_rollout(*row, true);
  if (!answer) co_return forward_error(std::move(answer));
  co_return co_await call.respond_json(200, *answer, std::to_string(row->revision));
}

RolloutRoutes::Answer RolloutRoutes::list_devices(Call& call) {
  const std::string id = call.parameter("id");
  const std::int64_t limit = call.limit(100, 1000);
  auto after = cursor_of(call);
  if (!after) co_return forward_error(std::move(after));
  const std::string state = call.query("state").value_or("");
  if (!state.empty() && !rollout::device_state_named(state))
    co_return fail(ErrorCode::invalid, "state: no such state");
  auto row = co_await find(id);
  if (!row) co_return forward_error(std::move(row));
  auto read = [&] { return db::list_rollout_devices(database_, id, state, *after, limit + 1); };
  auto rows = co_await pool_.run(read);
  if (!rows) co_return forward_error(std::move(rows));
  const std::string next = cut(*rows, limit, [](const db::RolloutDeviceRow& one) { return one.device; });
  std::vector<ExplainedDevice> devices;
  const rollout::Campaign* const live = rollouts_.live(id);
  for (db::RolloutDeviceRow& one : *rows) {
    const rollout::Device* const device = live == nullptr ? nullptr : live->find(one.device);
    std::string why = device == nullptr ? "" : rollouts_.explain(*live, *device);
    devices.push_back({std::move(one), std::move(why)});
  }
  const std::string answer = encode_rollout_devices(devices, next);
  co_return co_await call.respond_json(200, answer);
}

RolloutRoutes::Answer RolloutRoutes::list_exclusions(Call& call) {
  const std::string id = call.parameter("id");
  const std::int64_t limit = call.limit(100, 1000);
  auto after = cursor_of(call);
  if (!after) co_return forward_error(std::move(after));
  auto row = co_await find(id);
  if (!row) co_return forward_error(std::move(row));
  auto read = [&] { return db::list_rollout_exclusions(database_, id, *after, limit + 1); };
  auto rows = co_await pool_.run(read);
  if (!rows) co_return forward_error(std::move(rows));
  const std::string next = cut(*rows, limit, [](const db::RolloutExclusionRow& one) { return one.device; });
  const std::string answer = encode_rollout_exclusions(*rows, next);
  co_return co_await call.respond_json(200, answer);
}

RolloutRoutes::Answer RolloutRoutes::list_events(Call& call) {
  const std::string id = call.parameter("id");
  const std::int64_t limit = call.limit(100, 2000);
  auto row = co_await find(id);
  if (!row) co_return forward_error(std::move(row));
  auto read = [&] { return db::list_rollout_events(database_, id, limit); };
  auto rows = co_await pool_.run(read);
  if (!rows) co_return forward_error(std::move(rows));
  const std::string answer = encode_rollout_events(*rows);
  co_return co_await call.respond_json(200, answer);
}

RolloutRoutes::Answer RolloutRoutes::list_history(Call& call) {
  const std::string device = call.parameter("id");
  const std::int64_t limit = call.limit(50, 500);
  auto read = [&] { return db::list_rollout_history(database_, device, limit); };
  auto rows = co_await pool_.run(read);
  if (!rows) co_return forward_error(std::move(rows));
  const std::string answer = encode_rollout_history(*rows);
  co_return co_await call.respond_json(200, answer);
}

RolloutRoutes::Answer RolloutRoutes::order(Call& call, RolloutOrder::Kind kind) {
  const std::string id = call.parameter("id");
  auto text = co_await call.read_body(rollout::Spec::kMaxEncoded);
  if (!text) co_return forward_error(std::move(text));
  if (text->empty()) *text = "{}";  // most orders need no words
  auto body = parse_json(*text, rollout::Spec::kMaxEncoded);
  if (!body) co_return forward_error(std::move(body));
  auto parsed = parse_order(*body, kind);
  if (!parsed) co_return forward_error(std::move(parsed));
  parsed->actor = call.actor();
  parsed->if_match = call.if_match();
  Making change = [&](RepeatKey repeat) {
    parsed->repeat = std::move(repeat);
    return order_of(id, std::move(*parsed));
  };
  co_return co_await once(call, 200, change);
}

net::Task<Result<std::string>> RolloutRoutes::order_of(std::string id, RolloutOrder order) {
  if (order.kind == RolloutOrder::Kind::submit || order.kind == RolloutOrder::Kind::approve) {
    auto judged = co_await judge_again(id);
    if (!judged) co_return forward_error(std::move(judged));
  }
  auto done = co_await rollouts_.order(id, std::move(order));
  if (!done) co_return forward_error(std::move(done));
  co_return id;
}

}  // namespace stratus::server
