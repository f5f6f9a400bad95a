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
#include "stratus/cli/server_connection.hpp"

namespace stratus::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxAnswer = 8u << 20, kPage = 1000;
constexpr std::chrono::milliseconds kPollEvery{500};

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
  std::string to_text(const std::string& seen = {}) const {
    std::string out = fmt::format("{:<24} {:<20} {:<12} {:<12}", id, name, running.empty() ? "-" : running,
                                  state.empty() ? "-" : state);
    if (!seen.empty()) out += "  " + seen;
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
    request.path = fmt::format("/api/v1/devices?limit={}&after={}", kPage, net::percent_encode(after));
    request.max_answer = kMaxAnswer;
    STRATUS_TRY(answer, server.expect_success(request));
    STRATUS_TRY(value, parse_json(answer.body, kMaxAnswer).with_context("devices"));
    ObjectReader reader(value, "");
    for (const json::value& one : reader.optional_array("devices", kPage)) {
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

}  // namespace

Result<void> list_devices(const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(devices, fetch_devices(*server));
  json::array lines;
  if (devices.empty()) say(common, "No device has asked for anything yet.");
  if (!devices.empty())
    say(common, fmt::format("{:<24} {:<20} {:<12} {:<12}  LAST SEEN", "DEVICE", "IMAGE", "RUNS", "STATE"));
  for (const DeviceLine& line : devices) {
    say(common, line.to_text(format_time(WallTime(Millis(line.seen_ms)))));
    lines.push_back(line.to_json());
  }
  print_json(common, json::serialize(json::object{{"devices", std::move(lines)}}));
  return {};
}

Result<void> watch_devices(const CommonOptions& common, std::chrono::seconds longest) {
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
    std::this_thread::sleep_for(kPollEvery);
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
