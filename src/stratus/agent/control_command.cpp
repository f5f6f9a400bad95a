#include "stratus/agent/control_command.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fcntl.h>

#include "stratus/base/file.hpp"
#include "stratus/base/one_line.hpp"

namespace stratus::agent {
namespace {

constexpr std::size_t kMaxLine = 4096;  // bytes, as wire::LogEntry allows

bool says_something(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20; });
}

}  // namespace

wire::CommandAnswer obey(const wire::ControlCommand& command, const ControlDeeds& deeds) {
  wire::CommandAnswer answer;
  answer.command = command.command;
  answer.status = "done";
  if (command.action == "check_now") {
    deeds.check_now();
  } else if (command.action == "report_metrics") {
    deeds.report_metrics();
  } else if (command.action == "send_log") {
    std::vector<wire::LogEntry> lines = last_lines_in(deeds.service_log);
    if (!lines.empty()) {
      deeds.send_log(std::move(lines));
      return answer;
    }
    answer.status = "refused";
    answer.reason = "no_log";
  } else {
    answer.status = "refused";
    answer.reason = "unknown_command";
  }
  return answer;
}

std::vector<wire::LogEntry> last_lines_of(std::string_view said) {
  std::vector<wire::LogEntry> lines;
  while (!said.empty() && lines.size() < wire::LogMessage::kMaxEntries) {
    const std::size_t end = said.find_last_of('\n');
    const std::string_view line = end == std::string_view::npos ? said : said.substr(end + 1);
    said = end == std::string_view::npos ? std::string_view() : said.substr(0, end);
    if (says_something(line)) lines.push_back({0, "info", "service", one_line(line, kMaxLine)});
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

std::vector<wire::LogEntry> last_lines_in(const std::filesystem::path& file) {
  const auto log = open_file(file, O_RDONLY | O_NOFOLLOW);
  const auto size = log ? file_size(log->get()) : Result<std::uint64_t>(0);
  if (!size) return {};
  std::array<std::uint8_t, kMaxLogRead> end;
  const std::size_t count = std::min<std::uint64_t>(*size, end.size());
  const std::span<std::uint8_t> last(end.data(), count);
  if (!pread_exact(log->get(), last, *size - count)) return {};
  std::string_view said(reinterpret_cast<const char*>(last.data()), last.size());
  const std::size_t begun = said.find('\n');
  if (count < *size && begun != std::string_view::npos && begun + 1 < said.size())
    said.remove_prefix(begun + 1);
  return last_lines_of(said);
}

}  // namespace stratus::agent
