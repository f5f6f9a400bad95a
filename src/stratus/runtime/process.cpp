#include "stratus/runtime/process.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

extern "C" {  // glibc 2.36 forgot this in the header
#include <sys/pidfd.h>
}

namespace stratus::runtime {

Result<std::string> boot_id() {
  STRATUS_TRY(text, read_file("/proc/sys/kernel/random/boot_id", 256));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Result<std::uint64_t> start_ticks_of(int pid) {
  STRATUS_TRY(stat, read_file(fmt::format("/proc/{}/stat", pid), 4096));
  // The command name (field 2) may hold spaces and parentheses: count from the last ')'.
  std::size_t at = stat.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  std::uint64_t ticks = 0;
  if (at == std::string::npos ||
      std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), ticks).ec != std::errc()) {
    return fail(ErrorCode::internal, fmt::format("/proc/{}/stat is not as expected", pid));
  }
  return ticks;
}

Result<ProcessIdentity> identify(int pid) {
  STRATUS_TRY(ticks, start_ticks_of(pid));
  STRATUS_TRY(boot, boot_id());
  return ProcessIdentity{pid, ticks, std::move(boot)};
}

Result<FileDescriptor> open_process(const ProcessIdentity& identity) {
  const auto gone = [&] {
    return fail(ErrorCode::not_found, fmt::format("process {} has ended", identity.pid));
  };
  STRATUS_TRY(boot, boot_id());
  if (identity.pid <= 0 || boot != identity.boot_id) return gone();
  FileDescriptor pidfd(::pidfd_open(identity.pid, 0));
  if (!pidfd) {
    if (errno == ESRCH || errno == EINVAL) return gone();
    return fail(Error::from_errno(fmt::format("pidfd_open {}", identity.pid)));
  }
  // Compared after opening: the pidfd pins the process that had the pid at that moment.
  const auto ticks = start_ticks_of(identity.pid);
  if (!ticks || *ticks != identity.start_ticks) return gone();
  if (wait_for_exit(pidfd.get(), std::chrono::milliseconds(0))) return gone();
  return pidfd;
}

bool wait_for_exit(int pidfd, std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    pollfd polled{pidfd, POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    const int count = ::poll(&polled, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (count > 0) return true;
    if (count == 0) return false;
    if (errno != EINTR) return false;
  }
}

ExitStatus reap(int pidfd) {
  siginfo_t info{};
  int result = 0;
  do result = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG);
  while (result != 0 && errno == EINTR);
  if (result != 0 || info.si_pid == 0) return {};
  ExitStatus status;
  status.known = true;
  if (info.si_code == CLD_EXITED) {
    status.code = info.si_status;
  } else {
    status.signal = info.si_status;
  }
  return status;
}

std::string describe(const ExitStatus& status) {
  if (!status.known) return "ended";
  if (status.signal == 0) return fmt::format("exit status {}", status.code);
  return "killed by " + signal_name(status.signal);
}

Result<void> send_signal(int pidfd, int signal) {
  if (::pidfd_send_signal(pidfd, signal, nullptr, 0) != 0 && errno != ESRCH) {
    return fail(Error::from_errno(fmt::format("signal {}", signal)));
  }
  return {};
}

std::string signal_name(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::optional<int> parse_signal(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    return number >= 1 && number < NSIG ? std::optional(number) : std::nullopt;
  }
  if (text.substr(0, 3) == "SIG") text.remove_prefix(3);
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* const name = ::sigabbrev_np(signal);
    if (name != nullptr && text == name) return signal;
  }
  return std::nullopt;
}

}  // namespace stratus::runtime
