// What the agent does when somebody asks it for one small thing (control/command). Nothing here changes what
// runs: whoever can give commands learns no more than devices tell anyway, and the end of the service's log.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "stratus/wire/messages.hpp"

namespace stratus::agent {

struct ControlDeeds {
  std::function<void()> check_now;
  std::function<void()> report_metrics;
  std::function<void(std::vector<wire::LogEntry> lines)> send_log;
  std::filesystem::path service_log;
};
// The answer, once it is done; it lacks the time. Reads at most kMaxLogRead bytes of the log.
wire::CommandAnswer obey(const wire::ControlCommand& command, const ControlDeeds& deeds);

inline constexpr std::size_t kMaxLogRead = 16u << 10;  // bytes; encoded they fit into one message

// The last lines that say something, oldest first, at most LogMessage::kMaxEntries, each as base/one_line.hpp
// has it. Pure.
std::vector<wire::LogEntry> last_lines_of(std::string_view said);
// The same of a file: of its last kMaxLogRead bytes the whole lines, or the end of the one that is longer.
// Empty when it cannot be read. Blocks for one small read.
std::vector<wire::LogEntry> last_lines_in(const std::filesystem::path& file);

}  // namespace stratus::agent
