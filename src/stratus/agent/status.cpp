#include "stratus/agent/status.hpp"

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "stratus/agent/control_socket.hpp"
#include "stratus/agent/state_store.hpp"
#include "stratus/base/bytes.hpp"
#include "stratus/base/file.hpp"
#include "stratus/base/json.hpp"

namespace stratus::agent {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxStatus = 64u << 10;  // bytes

json::value shown(const update::ReleaseId& release) {
  if (release.manifest.empty()) return nullptr;
  return json::object{{"version", release.version}, {"manifest", release.manifest.text()}};
}

// Without an agent nobody knows whether the service still runs.
Result<std::string> from_journal(const std::filesystem::path& data) {
  STRATUS_CHECK(open_file(data, O_PATH | O_DIRECTORY));
  STRATUS_TRY(record, StateStore::peek(data));
  return json::serialize(json::object{{"agent", "not running"},
                                      {"state", name_of(record.state)},
                                      {"running", nullptr},
                                      {"current", shown(record.current)},
                                      {"previous", shown(record.previous)},
                                      {"candidate", shown(record.candidate)},
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
  for (const char* const key : {"agent", "reason", "server_problem"}) {
    const std::string line = text_of(*status, key);
    if (!line.empty()) fmt::print("{:<10} {}\n", key, line);
  }
  show_transfer("transfer", *status);
  const json::value* const content = status->if_contains("content");
  if (content != nullptr && content->is_object()) show_content(content->get_object());
  const json::value* const firmware = status->if_contains("firmware");
  if (firmware != nullptr && firmware->is_object()) {
    for (const auto& [name, value] : firmware->get_object()) {
      if (value.is_object()) show_firmware(name, value.get_object());
    }
  }
  return {};
}

Result<void> send_word(const std::filesystem::path& data, std::string_view word) {
  STRATUS_TRY(answer, ask_agent(data, word));
  (void)answer;
  const bool known = word == "check" || word == "cancel" || word == "stop";
  if (known) fmt::print("The agent was told to {}; see `stratus-agent status`.\n", word);
  return {};
}

std::string ready_line(const AgentConfig& config) {
  return json::serialize(json::object{{"ready", true}, {"device", config.device}, {"image", config.image}});
}

}  // namespace stratus::agent
