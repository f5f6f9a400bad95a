#include "stratus/cli/rollout.hpp"

#include <algorithm>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/bytes.hpp"
#include "stratus/base/json.hpp"
#include "stratus/cli/answer_members.hpp"
#include "stratus/cli/server_connection.hpp"

namespace stratus::cli {

namespace json = boost::json;

namespace {

constexpr std::chrono::milliseconds kPollEvery{250};
constexpr std::size_t kGatewaysShown = 8;

std::string path_of(const std::string& id) { return "/api/v1/rollouts/" + net::percent_encode(id); }

std::string size_text(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{} KB", bytes / 1000);
  return fmt::format("{} MB", bytes / 1'000'000);
}

Result<Answer> post(ServerConnection& server, const std::string& path, std::string body) {
  Request request;
  request.method = "POST";
  request.path = path;
  request.content_type = "application/json";
  request.body = std::move(body);
  return server.expect_success(request);
}

// "running  wave 1/3  12 of 40 (30 %)  ok 11, failed 1"
std::string status_line(const json::value& rollout) {
  const json::value& counts = member(rollout, "counts");
  std::string line =
      fmt::format("{:<10} wave {}/{}  {} of {} ({} %)", text_of(rollout, "state"), number_of(rollout, "wave"),
                  number_of(rollout, "waves_total"), number_of(counts, "closed"), number_of(counts, "total"),
                  number_of(rollout, "percent"));
  for (const char* state : {"success", "failed", "timeout", "rolled_back", "cancelled", "returned",
                            "requested", "downloading", "installing", "cancelling", "returning", "waiting"}) {
    if (const std::uint64_t count = number_of(counts, state); count > 0)
      line += fmt::format("  {} {}", state, count);
  }
  if (const std::string cause = text_of(rollout, "cause"); !cause.empty()) line += "  (" + cause + ")";
  return line;
}

// What the order to retry came to.
void say_retried(const json::value& rollout, const CommonOptions& common) {
  const json::value& retried = member(rollout, "retried");
  say(common, fmt::format("  {} devices wait for another try", number_of(retried, "devices")));
  const std::uint64_t left_out = number_of(retried, "left_out");
  if (left_out == 0) return;
  say(common,
      fmt::format("  {} are left out: they went back from this release and refuse it; publish a new version",
                  left_out));
}

void say_gateways(const json::array& gateways, const CommonOptions& common) {
  const std::size_t shown = std::min(gateways.size(), kGatewaysShown);
  for (std::size_t i = 0; i < shown; ++i)
    say(common, fmt::format("  into gateway {}: {} for {} devices", text_of(gateways[i], "gateway"),
                            size_text(number_of(gateways[i], "bytes")), number_of(gateways[i], "devices")));
  if (shown < gateways.size())
    say(common, fmt::format("  into {} more gateways: --json says each", gateways.size() - shown));
}

}  // namespace

Result<std::string> create_rollout(const RolloutOptions& options, const CommonOptions& common) {
  STRATUS_TRY(body, rollout_body(options));
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(answer, post(*server, "/api/v1/rollouts", body));
  STRATUS_TRY(rollout, parse_json(answer.body, kMaxAnswer));
  const std::string id = text_of(rollout, "id");
  say(common, fmt::format("rollout {}: {}", id, text_of(rollout, "title")));
  say(common, "  " + status_line(rollout));
  if (text_of(rollout, "state") == "approval")
    say(common, fmt::format("  waits for another person: stratus rollout approve {}", id));
  if (!options.watch) print_json(common, answer.body);
  return id;
}

Result<void> plan_rollout(const RolloutOptions& options, const CommonOptions& common) {
  STRATUS_TRY(body, rollout_body(options));
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(answer, post(*server, "/api/v1/rollouts/dry-run", body));
  print_json(common, answer.body);
  STRATUS_TRY(plan, parse_json(answer.body, kMaxAnswer));
  say(common,
      fmt::format("{} devices, {} left out", number_of(plan, "devices"), number_of(plan, "excluded")));
  for (const json::value& wave : items_of(plan, "waves"))
    say(common, fmt::format("  wave {}: {} devices", number_of(wave, "number"), number_of(wave, "devices")));
  for (const json::value& one : items_of(plan, "exclusions"))
    say(common, fmt::format("  left out: {}: {}", text_of(one, "device"), text_of(one, "detail")));
  const json::value& bytes = member(plan, "bytes");
  for (const json::value& kind : items_of(bytes, "per_device")) {
    const std::string from = text_of(kind, "from_version");
    say(common, fmt::format("  {} from {}: {} devices, {} each by {} (whole image: {})",
                            text_of(kind, "name"), from.empty() ? "nothing" : from,
                            number_of(kind, "devices"), size_text(number_of(kind, "bytes")),
                            text_of(kind, "plan"), size_text(number_of(kind, "full_bytes"))));
  }
  say_gateways(items_of(bytes, "per_gateway"), common);
  const auto expected = number_of(plan, "expected_ms");
  say(common,
      fmt::format("  all devices {}, into gateways {}, out of the server {}; at least {} s{}",
                  size_text(number_of(bytes, "devices")), size_text(number_of(bytes, "gateways")),
                  size_text(number_of(bytes, "upstream")), number_of(plan, "shortest_ms") / 1000,
                  expected > 0 ? fmt::format(", with what updates took lately {} s", expected / 1000) : ""));
  return {};
}

Result<void> list_rollouts(const std::string& state, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  json::array all;
  for (std::string cursor;;) {
    STRATUS_TRY(page, fetch(*server, fmt::format("/api/v1/rollouts?limit=200&state={}&cursor={}",
                                                 net::percent_encode(state), net::percent_encode(cursor))));
    for (const json::value& one : items_of(page, "items")) {
      if (all.empty())
        say(common, fmt::format("{:<26}  {:<24} {:<10} {:<9} DEVICES", "ID", "TITLE", "STATE", "WAVE"));
      say(common, fmt::format("{}  {:<24} {}", text_of(one, "id"), text_of(one, "title"), status_line(one)));
      all.push_back(one);
    }
    cursor = text_of(page, "next");
    if (cursor.empty()) break;
  }
  if (all.empty())
    say(common, state.empty()
                    ? std::string("No rollout so far. Try: stratus rollout create NAME:VERSION --all")
                    : fmt::format("No rollout is {}.", state));
  print_json(common, json::serialize(json::object{{"rollouts", std::move(all)}}));
  return {};
}

Result<void> show_rollout(const std::string& id, bool with_devices, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(rollout, fetch(*server, path_of(id)));
  say(common, fmt::format("{}  {}", id, text_of(rollout, "title")));
  say(common, "  " + status_line(rollout));
  for (const json::value& wave : items_of(rollout, "waves")) {
    const json::value& counts = member(wave, "counts");
    say(common,
        fmt::format("  wave {}: {} of {} closed, {} ok{}", number_of(wave, "number"),
                    number_of(counts, "closed"), number_of(counts, "total"), number_of(counts, "success"),
                    text_of(wave, "opened_at").empty() ? ", not open" : ""));
  }
  json::array devices;
  for (std::string cursor; with_devices;) {
    STRATUS_TRY(page, fetch(*server, fmt::format("{}/devices?limit=1000&cursor={}", path_of(id),
                                                 net::percent_encode(cursor))));
    for (const json::value& one : items_of(page, "items")) {
      const std::string cause = text_of(one, "cause"), why = text_of(one, "why");
      say(common,
          fmt::format("  {:<24} wave {}  {:<12} {:>3} %  {}", text_of(one, "device"), number_of(one, "wave"),
                      text_of(one, "state"), number_of(one, "percent"), why.empty() ? cause : why));
      devices.push_back(one);
    }
    cursor = text_of(page, "next");
    if (cursor.empty()) break;
  }
  if (with_devices) rollout.as_object()["devices"] = std::move(devices);
  print_json(common, json::serialize(rollout));
  return {};
}

Result<void> order_rollout(const RolloutOrderOptions& options, const CommonOptions& common) {
  json::object body;
  if (!options.reason.empty()) body["reason"] = options.reason;
  if (options.give_back) body["give_back"] = true;
  if (!options.expires_at.empty()) body["expires_at"] = options.expires_at;
  if (!options.devices.empty()) {
    json::array devices;
    for (const std::string& device : options.devices) devices.emplace_back(json::string(device));
    body["devices"] = std::move(devices);
  }
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(answer, post(*server, path_of(options.id) + "/" + options.order, json::serialize(body)));
  STRATUS_TRY(rollout, parse_json(answer.body, kMaxAnswer));
  say(common, status_line(rollout));
  if (options.order == "advance" && !text_of(rollout, "advance_asked_by").empty())
    say(common, "  asked; a second person has to ask for the same");
  if (options.order == "retry") say_retried(rollout, common);
  print_json(common, answer.body);
  return {};
}

Result<int> watch_rollout(const std::string& id, WatchUntil until, std::chrono::milliseconds longest,
                          const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  const auto begin = std::chrono::steady_clock::now();
  std::string shown;
  unsigned unreachable = 0;
  for (;;) {
    auto rollout = fetch(*server, path_of(id));
    if (!rollout && rollout.error().code() != ErrorCode::unavailable)
      return forward_error(std::move(rollout));
    // A server that restarts is waited for.
    if (!rollout && ++unreachable * kPollEvery > std::chrono::seconds(60))
      return forward_error(std::move(rollout));
    if (rollout) {
      unreachable = 0;
      const std::string line = status_line(*rollout);
      if (line != shown) {
        say(common, line);
        print_json(common, json::serialize(*rollout));
        std::fflush(stdout);
        shown = line;
      }
      const std::string state = text_of(*rollout, "state");
      const json::value& counts = member(*rollout, "counts");
      const bool over = state == "completed" || state == "aborted";
      const bool by_gate = state == "paused" && text_of(*rollout, "cause").starts_with("gate ");
      if (over && number_of(counts, "success") == number_of(counts, "total")) return 0;
      if (over && number_of(counts, "success") == 0 && text_of(*rollout, "cause").starts_with("rejected"))
        return 5;
      if (over) return 6;
      if (by_gate) return until == WatchUntil::paused ? 0 : 5;
      if (until == WatchUntil::paused && state == "paused") return 0;
      if (until == WatchUntil::started && state == "running") return 0;
    }
    if (longest.count() > 0 && std::chrono::steady_clock::now() - begin > longest)
      return fail(ErrorCode::timeout, fmt::format("rollout {} goes on: {}", id, shown));
    std::this_thread::sleep_for(kPollEvery);
  }
}

Result<void> device_history(const std::string& device, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(history, fetch(*server, fmt::format("/api/v1/devices/{}/rollouts?limit=500",
                                                  net::percent_encode(device))));
  if (items_of(history, "items").empty()) {
    say(common,
        fmt::format("No rollout has brought {} anything yet. `stratus device show {}` says what it runs, "
                    "`stratus device why {}` what keeps it from an update.",
                    device, device, device));
  }
  for (const json::value& one : items_of(history, "items")) {
    const std::string from = text_of(one, "from_version");
    say(common, fmt::format("{}  {}:{} {} {} (from {}) {}", text_of(one, "ended_at"), text_of(one, "name"),
                            text_of(one, "version"), text_of(one, "outcome"), text_of(one, "cause"),
                            from.empty() ? "nothing" : from, text_of(one, "rollout")));
  }
  print_json(common, json::serialize(history));
  return {};
}

}  // namespace stratus::cli
