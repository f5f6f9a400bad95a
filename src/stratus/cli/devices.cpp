#include "stratus/cli/devices.hpp"

#include <cstdio>
#include <map>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/bytes.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/base/json.hpp"
#include "stratus/cli/answer_members.hpp"
#include "stratus/cli/server_connection.hpp"

namespace stratus::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kDevicePage = 1000;
constexpr std::chrono::milliseconds kAskEvery{500};

struct DeviceLine {
  std::string id, name, state, running, target, reason;
  std::int64_t seen_ms = 0;

  // What watch looks at; being seen again is no change.
  std::string key() const { return state + '\n' + running + '\n' + target + '\n' + reason; }
  json::object to_json() const {
    return {{"id", id},
            {"name", name},
            {"state", state},
            {"running_version", running},
            {"target_version", target},
            {"reason", reason},
            {"last_seen_ms", seen_ms}};
  }
  std::string to_text() const {
    std::string out = fmt::format("{:<24} {:<20} {:<12} {:<12}", id, name, running.empty() ? "-" : running,
                                  state.empty() ? "-" : state);
    if (!target.empty() && target != running) out += " → " + target;
    if (!reason.empty()) out += "  " + reason;
    return out;
  }
};

Result<std::vector<DeviceLine>> fetch_devices(ServerConnection& server) {
  std::vector<DeviceLine> out;
  std::string after;
  for (;;) {
    Request request;
    request.path = fmt::format("/api/v1/devices?limit={}&after={}", kDevicePage, net::percent_encode(after));
    STRATUS_TRY(answer, server.expect_success(request));
    STRATUS_TRY(value, parse_json(answer.body, kMaxAnswer).with_context("devices"));
    ObjectReader reader(value, "");
    for (const json::value& one : reader.optional_array("devices", kDevicePage)) {
      ObjectReader device(one, "devices");
      DeviceLine line;
      line.id = device.text("id", 64);
      line.name = device.optional_text("name", 255);
      line.state = device.optional_text("state", 64);
      line.running = device.optional_text("running_version", 255);
      line.target = device.optional_text("target_version", 255);
      line.reason = device.optional_text("reason", 4096);
      line.seen_ms = static_cast<std::int64_t>(device.optional_number("last_seen_ms", 0));
      STRATUS_CHECK(device.done());
      out.push_back(std::move(line));
    }
    const std::string next = reader.optional_text("next", 64);
    STRATUS_CHECK(reader.done().with_context("devices"));
    if (next.empty() || next == after) return out;
    after = next;
  }
}

Result<json::value> fetch_why(ServerConnection& server, const std::string& device) {
  Request request;
  request.path = fmt::format("/api/v1/devices/{}/why", net::percent_encode(device));
  STRATUS_TRY(answer, server.expect_success(request));
  return parse_json(answer.body, kMaxAnswer).with_context(request.path);
}

}  // namespace

DeviceProgress read_why(const json::value& why) {
  DeviceProgress out;
  const json::object* const object = why.if_object();
  if (object == nullptr) return out;
  if (const json::value* const updated = object->if_contains("updated");
      updated != nullptr && updated->is_bool())
    out.is_updated = updated->get_bool();
  if (const json::value* const steps = object->if_contains("steps"); steps != nullptr && steps->is_array()) {
    for (const json::value& step : steps->get_array()) {
      const json::value* const ok = step.is_object() ? step.get_object().if_contains("ok") : nullptr;
      const bool well = ok != nullptr && ok->is_bool() && ok->get_bool();
      if (text_of(step, "code") == "runs") out.line = text_of(step, "detail");
      if (!well && text_of(step, "code") == "outcome") out.failure = text_of(step, "detail");
      if (!well && out.blocker.empty()) out.blocker = text_of(step, "detail");
    }
  }
  if (out.line.empty()) out.line = out.blocker;
  if (!out.blocker.empty() && out.blocker != out.line) out.line += ": " + out.blocker;
  return out;
}

Result<int> watch_device(const DeviceWatch& options, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  const auto begin = system_clock().steady();
  const std::chrono::seconds longest(options.seconds);
  std::string shown;
  for (bool answered = false;;) {
    const auto why = fetch_why(*server, options.device);
    if (!why && (!answered || why.error().code() != ErrorCode::unavailable)) return fail(why.error());
    if (why) {
      answered = true;
      const DeviceProgress now = read_why(*why);
      if (now.line != shown) {
        say(common, fmt::format("{}  {}  {}", format_time(system_clock().wall()), options.device, now.line));
        print_json(common, json::serialize(*why));
        std::fflush(stdout);
      }
      shown = now.line;
      if (now.is_updated) return 0;
      if (!now.failure.empty()) return 6;
    }
    if (longest.count() != 0 && system_clock().steady() - begin >= longest)
      return fail(ErrorCode::timeout, fmt::format("{} is not there yet: {}", options.device, shown));
    std::this_thread::sleep_for(kAskEvery);
  }
}

Result<void> watch_devices(std::chrono::seconds longest, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  std::map<std::string, std::string> known;
  const auto begin = system_clock().steady();
  bool answered = false;
  for (;;) {
    const auto devices = fetch_devices(*server);
    // A server that is being restarted is no reason to stop looking, one that was never there is.
    if (!devices && (!answered || devices.error().code() != ErrorCode::unavailable))
      return fail(devices.error());
    if (devices) {
      answered = true;
      for (const DeviceLine& line : *devices) {
        std::string& last = known[line.id];
        if (last == line.key()) continue;
        last = line.key();
        say(common, fmt::format("{}  {}", format_time(system_clock().wall()), line.to_text()));
        print_json(common, json::serialize(line.to_json()));
        std::fflush(stdout);
      }
    }
    if (longest.count() != 0 && system_clock().steady() - begin >= longest) return {};
    std::this_thread::sleep_for(kAskEvery);
  }
}

Result<void> collect_garbage(bool dry_run, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  Request request;
  request.method = "POST";
  request.path = dry_run ? "/api/v1/gc?dry_run=1" : "/api/v1/gc";
  STRATUS_TRY(answer, server->expect_success(request));
  STRATUS_TRY(value, parse_json(answer.body, kMaxAnswer).with_context("gc"));
  ObjectReader reader(value, "gc");
  const std::uint64_t manifests = reader.optional_number("manifests", 0),
                      blobs = reader.optional_number("blobs", 0);
  const std::uint64_t bytes = reader.optional_number("bytes", 0);
  STRATUS_CHECK(reader.done());
  say(common, fmt::format("{} {} and {} ({})", dry_run ? "Would remove" : "Removed",
                          count_of(manifests, "manifest"), count_of(blobs, "blob"), human_bytes(bytes)));
  print_json(common, answer.body);
  return {};
}

}  // namespace stratus::cli
