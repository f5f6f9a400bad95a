#include "stratus/agent/status.hpp"

#include <optional>
#include <thread>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "stratus/agent/control_socket.hpp"
#include "stratus/agent/state_store.hpp"
#include "stratus/base/bytes.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/base/file.hpp"
#include "stratus/base/json.hpp"

namespace stratus::agent {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxStatus = 64u << 10;  // bytes
constexpr Millis kLookEvery{100};

// Without an agent nobody knows whether the service still runs.
Result<std::string> from_journal(const std::filesystem::path& data) {
  STRATUS_CHECK(open_agent_directory(data));
  STRATUS_TRY(record, StateStore::peek(data));
  return json::serialize(json::object{{"agent", "not running"},
                                      {"state", name_of(record.state)},
                                      {"running", nullptr},
                                      {"current", release_json(record.current)},
                                      {"previous", release_json(record.previous)},
                                      {"candidate", release_json(record.candidate)},
                                      {"reason", record.reason}});
}

std::string version_of(const json::object& status, std::string_view key) {
  const json::value* const value = status.if_contains(key);
  const json::object* const release = value != nullptr ? value->if_object() : nullptr;
  if (release == nullptr) return "none";
  const json::string& version = release->at("version").as_string();
  const json::string& manifest = release->at("manifest").as_string();
  return fmt::format("{} ({})", std::string_view(version), std::string_view(manifest).substr(0, 19));
}

std::string text_of(const json::object& status, std::string_view key) {
  const json::value* const value = status.if_contains(key);
  if (value == nullptr || !value->is_string()) return "";
  return std::string(value->get_string());
}

std::uint64_t number_of(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>() : 0;
}

// Nothing unless something is being fetched.
void show_transfer(std::string_view label, const json::object& about) {
  const json::value* const value = about.if_contains("transfer");
  if (value == nullptr || !value->is_object()) return;
  const json::object& transfer = value->get_object();
  const std::uint64_t total = number_of(transfer, "total");
  if (total == 0) return;
  const std::uint64_t left = number_of(transfer, "eta_s");
  fmt::print("{:<10} {} % of {}, {}/s{}\n", label, number_of(transfer, "percent"), human_bytes(total),
             human_bytes(number_of(transfer, "speed")), left > 0 ? fmt::format(", {} s left", left) : "");
}

void show_problem(const json::object& about) {
  const std::string problem = text_of(about, "problem");
  if (!problem.empty()) fmt::print("{:<10} {}\n", "", problem);
}

void show_content(const json::object& content) {
  std::string titles;
  const json::value* const shown = content.if_contains("shown");
  if (shown != nullptr && shown->is_array()) {
    for (const json::value& item : shown->get_array()) {
      if (!item.is_object()) continue;
      titles += (titles.empty() ? "" : ", ") + text_of(item.get_object(), "title");
    }
  }
  fmt::print("{:<10} {}: {}\n", "content", text_of(content, "state"), titles.empty() ? "nothing" : titles);
  show_transfer("", content);
  show_problem(content);
}

void show_firmware(std::string_view name, const json::object& firmware) {
  fmt::print("{:<10} {} {}: {}\n", "firmware", name, text_of(firmware, "state"),
             version_of(firmware, "current"));
  show_transfer("", firmware);
  show_problem(firmware);
}

}  // namespace

json::value release_json(const update::ReleaseId& release) {
  if (release.manifest.empty()) return nullptr;
  return json::object{{"version", release.version}, {"manifest", release.manifest.text()}};
}

json::object encode_transfer(const update::TransferReading& reading) {
  return {{"bytes", reading.bytes},
          {"total", reading.total},
          {"percent", reading.percent},
          {"speed", reading.speed},
          {"eta_s", reading.eta_s}};
}

Result<void> show_status(const std::filesystem::path& data, bool as_json) {
  auto text = ask_agent(data, "status");
  if (!text) text = from_journal(data);
  if (!text) return forward_error(std::move(text));
  while (!text->empty() && text->back() == '\n') text->pop_back();
  if (as_json) {
    fmt::print("{}\n", *text);
    return {};
  }
  STRATUS_TRY(value, parse_json(*text, kMaxStatus));
  const json::object* const status = value.if_object();
  if (status == nullptr) return fail(ErrorCode::internal, "the agent's answer is no object");
  fmt::print("state      {}\nrunning    {}\ncommitted  {}\nprevious   {}\ncandidate  {}\n",
             text_of(*status, "state"), version_of(*status, "running"), version_of(*status, "current"),
             version_of(*status, "previous"), version_of(*status, "candidate"));
  for (const char* const key : {"agent", "ended", "reason", "server_problem"}) {
    const std::string line = text_of(*status, key);
    if (!line.empty()) fmt::print("{:<10} {}\n", key, line);
  }
  const std::filesystem::path log = data / "service.log";
  std::error_code ignored;
  if (std::filesystem::exists(log, ignored)) fmt::print("log        {}\n", log.string());
  show_transfer("transfer", *status);
  const json::value* const content = status->if_contains("content");
  if (content != nullptr && content->is_object()) show_content(content->get_object());
  const json::value* const firmware = status->if_contains("firmware");
  if (firmware != nullptr && firmware->is_object()) {
    for (const auto& [name, target] : firmware->get_object()) {
      if (target.is_object()) show_firmware(name, target.get_object());
    }
  }
  return {};
}

namespace {

Result<json::object> ask_status(const std::filesystem::path& data) {
  STRATUS_TRY(text, ask_agent(data, "status"));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  STRATUS_TRY(value, parse_json(text, kMaxStatus));
  if (!value.is_object()) return fail(ErrorCode::internal, "the agent's answer is no object");
  return std::move(value.get_object());
}

// What the check after the `checks`th came to, nothing while it goes on.
std::optional<Result<void>> outcome_of_check(const json::object& status, std::uint64_t checks) {
  if (number_of(status, "checks") <= checks || text_of(status, "state") != "idle") return std::nullopt;
  if (const std::string problem = text_of(status, "server_problem"); !problem.empty())
    return fail(ErrorCode::unavailable, "no answer about updates: " + problem);
  const std::string last = text_of(status, "last");
  if (text_of(status, "answer") != "up_to_date" && (last == "failed" || last == "rolled_back"))
    return fail(ErrorCode::conflict, fmt::format("the update ended as {}: {}; {} goes on", last,
                                                 text_of(status, "reason"), version_of(status, "running")));
  fmt::print("Up to date: {}\n", version_of(status, "running"));
  return Result<void>();
}

// What takes its time while `--wait` waits; "": nothing worth a line.
std::string waiting_for(const json::object& status) {
  const std::string state = text_of(status, "state"), candidate = version_of(status, "candidate");
  if (state == "fetching") return "Fetching " + candidate;
  if (state == "probation") return fmt::format("{} runs; its probation is waited for", candidate);
  return "";
}

}  // namespace

Result<void> send_word(const Word& word) {
  STRATUS_TRY(before, ask_status(word.data));
  STRATUS_TRY(answer, ask_agent(word.data, word.word));
  (void)answer;
  if (!word.wait) {
    fmt::print("The agent was told to {}; `stratus-agent status` shows what came of it{}.\n", word.word,
               word.word == "cancel" ? "" : ", --wait waits for it");
    return {};
  }
  const SteadyTime begin = system_clock().steady();
  for (std::string said;;) {
    const auto status = ask_status(word.data);
    if (word.word == "stop" && !status) {
      fmt::print("The agent and its service have ended.\n");
      return {};
    }
    if (!status) return fail(status.error());
    if (word.word != "stop") {
      if (auto over = outcome_of_check(*status, number_of(before, "checks"))) return *over;
      const std::string line = waiting_for(*status);
      if (!line.empty() && line != said) fmt::print(stderr, "{}\n", line);
      said = line;
    }
    if (word.seconds != 0 && system_clock().steady() - begin >= std::chrono::seconds(word.seconds))
      return fail(ErrorCode::timeout, fmt::format("still {}", text_of(*status, "state")));
    std::this_thread::sleep_for(kLookEvery);
  }
}

std::string ready_line(std::string_view device, std::string_view image, std::string_view problem) {
  json::object line{{"ready", problem.empty()}, {"device", device}, {"image", image}};
  if (!problem.empty()) line["problem"] = problem;
  return json::serialize(line);
}

}  // namespace stratus::agent
