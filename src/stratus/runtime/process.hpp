// A process that may outlive the program that started it: identified by pid, start time and boot, so that a
// pid used again for something else is never taken for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"

namespace stratus::runtime {

struct ProcessIdentity {
  int pid = 0;
  std::uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat
  std::string boot_id;

  bool operator==(const ProcessIdentity&) const = default;
};

Result<std::string> boot_id();
Result<std::uint64_t> start_ticks_of(int pid);
Result<ProcessIdentity> identify(int pid);

// A pidfd for exactly that process; `not_found` when it is gone.
Result<FileDescriptor> open_process(const ProcessIdentity& identity);

// True when the process behind the pidfd has ended. Waits up to `timeout` (0: only looks).
bool wait_for_exit(int pidfd, std::chrono::milliseconds timeout);

struct ExitStatus {
  bool known = false;  // false: not our child, so only its end is known
  int code = 0;        // when it exited
  int signal = 0;      // when a signal ended it
};
// Reaps an ended child. "exit status 3", "killed by SIGSEGV", "ended".
ExitStatus reap(int pidfd);
std::string describe(const ExitStatus& status);

// A process that is gone already is no error.
Result<void> send_signal(int pidfd, int signal);

// 15 → "SIGTERM"; "signal 42" for one without a name.
std::string signal_name(int signal);
// "SIGTERM", "TERM", "15" → 15; nullopt for anything else.
std::optional<int> parse_signal(std::string_view text);

}  // namespace stratus::runtime
