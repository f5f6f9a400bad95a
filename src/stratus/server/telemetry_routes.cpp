#include "stratus/server/telemetry_routes.hpp"

#include <charconv>

#include <boost/json.hpp>

#include "stratus/base/clock.hpp"
#include "stratus/base/json.hpp"
#include "stratus/db/telemetry.hpp"
#include "stratus/server/cursor.hpp"
#include "stratus/wire/messages.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;

constexpr std::int64_t kMostItems = 1'000;

json::value body_value(const std::string& body) {
  auto value = parse_json(body, wire::kMaxDeviceMessage);
  return value ? std::move(*value) : json::value(nullptr);
}

// Milliseconds since 1970, as in the query.
Result<std::int64_t> time_query(const Call& call, std::string_view name, std::int64_t otherwise) {
  const auto text = call.query(name);
  if (!text) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < 0)
    return fail(ErrorCode::invalid, std::string(name) + ": milliseconds since 1970 are wanted");
  return value;
}

json::object event_json(const db::EventRow& row) {
  json::object item{{"id", row.id},
                    {"kind", row.kind},
                    {"time", format_time_ms(row.time_ms)},
                    {"received", format_time_ms(row.received_ms)},
                    {"body", body_value(row.body)}};
  if (!row.gateway.empty()) item["gateway"] = row.gateway;
  return item;
}

class Telemetry {
 public:
  Telemetry(db::Database& database, net::WorkerPool& pool) : database_(database), pool_(pool) {}

  net::Task<Result<void>> metrics(Call& call) {
    const std::string device = call.parameter("id");
    const std::string kind = call.query("kind").value_or("");
    const std::int64_t limit = call.limit(200, kMostItems);
    auto from = time_query(call, "from", 0);
    if (!from) co_return forward_error(std::move(from));
    const auto to = time_query(call, "to", 253'402'300'800'000);
    if (!to) co_return fail(to.error());
    std::string after_kind;
    if (const auto cursor = call.query("cursor")) {
      const auto parts = decode_cursor(*cursor, 3);
      if (!parts || (*parts)[0] != "metrics")
        co_return fail(ErrorCode::invalid, "cursor: not one of this list");
      std::from_chars((*parts)[1].data(), (*parts)[1].data() + (*parts)[1].size(), *from);
      after_kind = (*parts)[2];
    }
    auto read = [&] { return db::list_metrics(database_, device, kind, *from, *to, limit, after_kind); };
    auto rows = co_await pool_.run(read);
    if (!rows) co_return forward_error(std::move(rows));
    json::array items;
    for (const db::MetricRow& row : *rows) {
      items.push_back(json::object{{"time", format_time_ms(row.time_ms)},
                                   {"time_ms", row.time_ms},
                                   {"kind", row.kind},
                                   {"values", body_value(row.body)}});
    }
    json::object answer{{"items", std::move(items)}};
    if (static_cast<std::int64_t>(rows->size()) == limit)
      answer["next"] = encode_cursor({"metrics", std::to_string(rows->back().time_ms), rows->back().kind});
    const std::string body = json::serialize(answer);
    co_return co_await call.respond_json(200, body);
  }

  net::Task<Result<void>> events(Call& call) { return list(call, call.query("kind").value_or(""), ""); }
  net::Task<Result<void>> log(Call& call) { return list(call, "status/error_log", "log"); }

  net::Task<Result<void>> live(Call& call) {
    const std::string device = call.parameter("id");
    auto read = [&] { return db::find_presence(database_, device); };
    auto presence = co_await pool_.run(read);
    if (!presence) co_return forward_error(std::move(presence));
    auto look = [&] { return db::find_progress(database_, device); };
    const auto progress = co_await pool_.run(look);
    json::object answer{{"online", presence->online},
                        {"changed", format_time_ms(presence->changed_ms)},
                        {"seen", format_time_ms(presence->seen_ms)},
                        {"boot", presence->boot},
                        {"version", presence->version},
                        {"gateway", presence->gateway}};
    if (progress) {
      answer["progress"] = body_value(progress->body);
      answer["progress_at"] = format_time_ms(progress->received_ms);
    }
    const std::string body = json::serialize(answer);
    co_return co_await call.respond_json(200, body);
  }

 private:
  net::Task<Result<void>> list(Call& call, std::string kind, std::string other) {
    const std::string device = call.parameter("id");
    const std::int64_t limit = call.limit(100, kMostItems);
    std::int64_t before = 0;
    if (const auto cursor = call.query("cursor")) {
      const auto parts = decode_cursor(*cursor, 2);
      if (!parts || (*parts)[0] != "events:" + kind)
        co_return fail(ErrorCode::invalid, "cursor: not one of this list");
      std::from_chars((*parts)[1].data(), (*parts)[1].data() + (*parts)[1].size(), before);
    }
    auto read = [&] { return db::list_events(database_, device, kind, other, before, limit); };
    auto rows = co_await pool_.run(read);
    if (!rows) co_return forward_error(std::move(rows));
    json::array items;
    for (const db::EventRow& row : *rows) items.push_back(event_json(row));
    json::object answer{{"items", std::move(items)}};
    if (static_cast<std::int64_t>(rows->size()) == limit)
      answer["next"] = encode_cursor({"events:" + kind, std::to_string(rows->back().id)});
    const std::string body = json::serialize(answer);
    co_return co_await call.respond_json(200, body);
  }

  db::Database& database_;
  net::WorkerPool& pool_;
};

}  // namespace

void register_telemetry_routes(Router& router, db::Database& database, net::WorkerPool& pool) {
  const auto telemetry = std::make_shared<Telemetry>(database, pool);
  const auto add = [&](const char* pattern, net::Task<Result<void>> (Telemetry::*handler)(Call&)) {
    router.add("GET", pattern, Scope::devices_read,
               [telemetry, handler](Call& call) { return (telemetry.get()->*handler)(call); });
  };
  add("/api/v1/devices/{id}/metrics", &Telemetry::metrics);
  add("/api/v1/devices/{id}/events", &Telemetry::events);
  add("/api/v1/devices/{id}/log", &Telemetry::log);
  add("/api/v1/devices/{id}/live", &Telemetry::live);
}

}  // namespace stratus::server
