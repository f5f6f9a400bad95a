#include "stratus/agent/firmware_plugin.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stratus/agent/check_output.hpp"
#include "stratus/base/file.hpp"

namespace stratus::agent {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kTick{50};

// The line, as a file that the program can read at its leisure.
Result<FileDescriptor> input_of(const std::string& text) {
  FileDescriptor file(::memfd_create("stratus-input", MFD_CLOEXEC));
  if (!file) return fail(Error::from_errno("memfd_create"));
  STRATUS_CHECK(write_all(file.get(), as_bytes(text + "\n")));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail(Error::from_errno("lseek"));
  return file;
}

Result<pid_t> start(const PluginCall& call, int input, int output) {
  std::vector<std::string> words = call.command;
  words.push_back(call.word);
  if (!call.file.empty()) words.push_back(call.file);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, input, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  ::posix_spawn_file_actions_adddup2(&actions, output, 2);
  sigset_t none, usual;
  ::sigemptyset(&none);
  ::sigemptyset(&usual);
  ::sigaddset(&usual, SIGPIPE);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &usual);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0)
    return fail(ErrorCode::internal,
                fmt::format("cannot start {}: {}", call.command[0], std::strerror(failed)));
  return pid;
}

}  // namespace

std::string PluginAnswer::text() const {
  std::string text = timed_out      ? "it did not end in time"
                     : cancelled    ? "cancelled"
                     : status > 128 ? fmt::format("ended by signal {}", status - 128)
                                    : fmt::format("exit status {}", status);
  if (!words.empty()) text += ": " + words;
  return text;
}

Result<PluginAnswer> call_plugin(const PluginCall& call) {
  if (call.command.empty()) return fail(ErrorCode::internal, "no program");
  STRATUS_TRY(input, input_of(call.input));
  STRATUS_TRY(said, CheckOutput::make());
  STRATUS_TRY(pid, start(call, input.get(), said.write_end()));
  said.close_write_end();
  PluginAnswer answer;
  const auto end = Steady::now() + call.limit;
  int status = 0;
  for (;;) {
    said.drain();
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) break;
    if (ended < 0 && errno != EINTR) return fail(Error::from_errno("waitpid"));
    answer.timed_out = Steady::now() >= end;
    answer.cancelled = call.is_cancelled && call.is_cancelled();
    if (answer.timed_out || answer.cancelled) {
      (void)::kill(-pid, SIGKILL);
      while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
      break;
    }
    ::usleep(static_cast<useconds_t>(kTick.count()) * 1000);
  }
  (void)::kill(-pid, SIGKILL);  // what it left behind
  said.drain();
  answer.words = said.last_words();
  answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return answer;
}

}  // namespace stratus::agent
