#include "stratus/sim/program.hpp"

#include <csignal>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <malloc.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/net/descriptors.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/sim/fleet_file.hpp"

namespace stratus::sim {

namespace {

using Steady = std::chrono::steady_clock;

constexpr Millis kLiveEvery{1'000};
constexpr Millis kTellEvery{200};  // from workers to their parent

double seconds_since(SteadyTime begin) {
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return lines;
}

// What people and scripts are shown while it runs: the ready line once, a live line each second.
class Screen {
 public:
  explicit Screen(const Program& program) : program_(program) {}

  void show(const Tally& tally) {
    const SteadyTime now = Steady::now();
    const bool all_there = program_.run.broker.empty() || tally.online >= tally.devices;
    if (all_there && tally.devices > 0) say_ready(tally);
    if (!program_.live || now - shown_ < kLiveEvery) return;
    const double passed = std::chrono::duration<double>(now - shown_).count();
    const double speed = static_cast<double>(tally.bytes - bytes_) / passed;
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    fmt::print(stderr, "{}{:6.1f} s  {}{}", terminal ? "\r\033[K" : "", seconds_since(began_),
               live_line(tally, shown_ == SteadyTime() ? 0 : speed), terminal ? "" : "\n");
    std::fflush(stderr);
    shown_ = now;
    bytes_ = tally.bytes;
  }

  Result<void> end(const Tally& tally, Result<void> how) {
    const double wall = seconds_since(began_);
    if (how) say_ready(tally);  // what was to be done may be done before all are online
    if (program_.live && ::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\033[K");
    if (program_.report.empty() || program_.report != "-") {
      fmt::print("{}", report_text(tally, wall));
    } else {
      fmt::print("{}\n", report_json(tally, wall));
    }
    std::fflush(stdout);
    if (!program_.report.empty() && program_.report != "-")
      STRATUS_CHECK(write_file_atomically(program_.report, report_json(tally, wall) + "\n", 0644));
    STRATUS_CHECK(std::move(how));
    const std::uint64_t bad = tally.finished() - tally.succeeded;
    // Whoever waits for a version does not mind how many tries it took.
    if (bad > 0 && program_.run.goal.version.empty())
      return fail(ErrorCode::conflict,
                  fmt::format("{} of {} updates did not succeed", bad, tally.finished()));
    return {};
  }

 private:
  void say_ready(const Tally& tally) {
    if (std::exchange(ready_, true)) return;
    fmt::print("{{\"ready\":true,\"devices\":{},\"seconds\":{:.3f}}}\n", tally.devices,
               seconds_since(began_));
    std::fflush(stdout);
  }

  const Program& program_;
  SteadyTime began_ = Steady::now();
  SteadyTime shown_{};
  std::uint64_t bytes_ = 0;
  bool ready_ = false;
};

net::Task<void> cancel_at_signal(net::TaskGroup& group, bool& stopped) {
  std::vector<int> signals{SIGTERM, SIGINT};
  const int number = co_await net::wait_for_signal(std::move(signals));
  if (number == 0) co_return;
  stopped = true;
  co_await group.stop();
}

net::Task<void> run_fleet(Fleet& fleet, std::function<void(const Tally&)> changed, Result<void>& how) {
  how = co_await fleet.run(std::move(changed));
}

// One process's devices until the run is over.
net::Task<Result<void>> live(net::Executor executor, std::vector<FleetProfile> fleets,
                             const RunOptions& options, std::function<void(const Tally&)> changed,
                             Tally& last) {
  auto fleet = Fleet::make(executor, std::move(fleets), options);
  if (!fleet) co_return forward_error(std::move(fleet));
  Result<void> how;
  bool stopped = false;
  net::TaskGroup running(executor), watching(executor);
  running.spawn(run_fleet(**fleet, std::move(changed), how));
  watching.spawn(cancel_at_signal(running, stopped));
  co_await running.join();
  co_await watching.stop();
  last = (*fleet)->tally();
  co_await (*fleet)->stop();
  // Without a goal a signal is how it ends.
  if (stopped && options.goal.any()) co_return fail(ErrorCode::cancelled, "stopped");
  co_return how;
}

struct Worker {
  pid_t pid = -1;
  FileDescriptor pipe;
  std::string input;
  Tally tally;
};

[[noreturn]] void be_worker(const Program& program, unsigned number, unsigned workers, int out) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::signal(SIGINT, SIG_IGN);  // the parent passes on what it gets
  const auto tell = [out](const Tally& tally) {
    const std::string line = encode_tally(tally) + "\n";
    std::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t written = ::write(out, rest.data(), rest.size());
      if (written <= 0) return;
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  };
  net::Loop loop;
  Tally last;
  SteadyTime told{};
  const auto changed = [&](const Tally& tally) {
    const bool over = program.run.goal.any() && tally.reached == tally.devices;
    if (!over && Steady::now() - told < kTellEvery) return;
    told = Steady::now();
    tell(tally);
  };
  const Result<void> how =
      loop.run(live(loop.executor(), share_of(program.fleets, number, workers), program.run, changed, last));
  tell(last);
  if (!how) fmt::print(stderr, "stratus-sim: worker {}: {}\n", number, how.error().text());
  std::fflush(nullptr);
  ::_exit(how ? 0 : mapping_of(how.error().code()).exit_status);
}

volatile std::sig_atomic_t g_stop = 0;
void note_stop(int /*number*/) { g_stop = 1; }

void read_from(Worker& worker) {
  char buffer[65536];
  const ssize_t got = ::read(worker.pipe.get(), buffer, sizeof buffer);
  if (got < 0 && errno == EINTR) return;
  if (got <= 0) {
    worker.pipe = FileDescriptor();
    return;
  }
  worker.input.append(buffer, static_cast<std::size_t>(got));
  for (std::size_t end = 0; (end = worker.input.find('\n')) != std::string::npos;) {
    if (auto tally = parse_tally(std::string_view(worker.input).substr(0, end)))
      worker.tally = std::move(*tally);
    worker.input.erase(0, end + 1);
  }
}

Tally sum_of(const std::vector<Worker>& workers) {
  Tally sum;
  for (const Worker& worker : workers) sum.add(worker.tally);
  return sum;
}

Result<void> run_workers(const Program& program, unsigned count) {
  struct sigaction action {};
  action.sa_handler = note_stop;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  std::vector<Worker> workers(count);
  for (unsigned number = 0; number < count; ++number) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Error::from_errno("pipe"));
    const pid_t pid = ::fork();
    if (pid < 0) return fail(Error::from_errno("fork"));
    if (pid == 0) {
      ::close(ends[0]);
      ::signal(SIGTERM, SIG_DFL);
      be_worker(program, number, count, ends[1]);
    }
    ::close(ends[1]);
    workers[number].pid = pid;
    workers[number].pipe = FileDescriptor(ends[0]);
  }
  Screen screen(program);
  bool passed_on = false;
  for (;;) {
    std::vector<pollfd> ready;
    for (const Worker& worker : workers) {
      if (worker.pipe.get() >= 0) ready.push_back({worker.pipe.get(), POLLIN, 0});
    }
    if (ready.empty()) break;
    (void)::poll(ready.data(), ready.size(), static_cast<int>(kTellEvery.count()));
    for (const pollfd& one : ready) {
      for (Worker& worker : workers) {
        if (one.revents != 0 && worker.pipe.get() == one.fd) read_from(worker);
      }
    }
    if (g_stop != 0 && !std::exchange(passed_on, true)) {
      for (const Worker& worker : workers) ::kill(worker.pid, SIGTERM);
    }
    screen.show(sum_of(workers));
  }
  Result<void> how;
  for (const Worker& worker : workers) {
    int status = 0;
    ::waitpid(worker.pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
    const bool late = WIFEXITED(status) && WEXITSTATUS(status) == mapping_of(ErrorCode::timeout).exit_status;
    how = fail(late ? ErrorCode::timeout : ErrorCode::internal, "a worker process did not get to the end");
  }
  return screen.end(sum_of(workers), std::move(how));
}

Result<void> run_here(const Program& program) {
  net::Loop loop;
  Screen screen(program);
  Tally last;
  Result<void> how = loop.run(live(
      loop.executor(), program.fleets, program.run, [&screen](const Tally& tally) { screen.show(tally); },
      last));
  return screen.end(last, std::move(how));
}

net::Task<Result<void>> enrol_all(const Program& program, const Identities& identities,
                                  EnrolOptions options) {
  for (const FleetProfile& fleet : program.fleets) {
    std::uint32_t told = 0;
    std::function<void(std::uint32_t, std::uint32_t)> progress = [&](std::uint32_t done, std::uint32_t all) {
      if (done != all && done - told < 500) return;
      told = done;
      log::info("sim", "enrolled {} of {} devices {}*", done, all, fleet.prefix);
    };
    auto done = co_await enrol_fleet(fleet, identities, options, progress);
    if (!done) co_return forward_error(std::move(done));
  }
  co_return Result<void>();
}

bool is_complete(const Program& program, const Identities& identities) {
  for (const FleetProfile& fleet : program.fleets) {
    for (std::uint32_t i = 0; i < fleet.count; ++i) {
      if (!identities.has(device_name(fleet, i))) return false;
    }
  }
  return true;
}

Result<std::vector<FleetProfile>> read_fleets(const Program& program) {
  if (!program.fleets_file.empty()) {
    STRATUS_TRY(text, read_file(program.fleets_file, 1u << 20));
    return parse_fleets(text, program.fleets.front()).with_context(program.fleets_file.string());
  }
  for (const FleetProfile& fleet : program.fleets) STRATUS_CHECK(check_profile(fleet));
  return program.fleets;
}

Result<void> enrol_missing(const Program& program) {
  STRATUS_TRY(identities, Identities::open(program.run.identities));
  if (is_complete(program, identities)) return {};
  EnrolOptions options;
  options.server = program.run.server;
  options.ca_file = program.run.ca_file;
  options.connections = program.enrol_connections;
  if (!program.codes_file.empty()) {
    STRATUS_TRY(text, read_file(program.codes_file, 16u << 20));
    options.codes = lines_of(text);
  }
  if (!program.token_file.empty()) {
    STRATUS_TRY(text, read_file(program.token_file, 4096));
    const auto lines = lines_of(text);
    if (!lines.empty()) options.token = lines.front();
  }
  net::Loop loop;
  return loop.run(enrol_all(program, identities, std::move(options)));
}

}  // namespace

Result<void> enrol(Program program) {
  STRATUS_TRY(fleets, read_fleets(program));
  program.fleets = std::move(fleets);
  return enrol_missing(program);
}

Result<void> run(Program program) {
  STRATUS_TRY(fleets, read_fleets(program));
  program.fleets = std::move(fleets);
  const bool https = program.run.server.starts_with("https://");
  if (https) STRATUS_CHECK(enrol_missing(program).with_context("enrol"));
  // A few large blocks are given back; thousands of small ones are not, so nothing may be kept aside for each
  // thread.
  ::mallopt(M_ARENA_MAX, 1);
  const std::size_t descriptors = net::raise_descriptor_limit();
  std::uint64_t devices = 0;
  for (const FleetProfile& fleet : program.fleets) devices += fleet.count;
  const unsigned needed = workers_needed(devices, descriptors, program.run.parallel);
  const unsigned workers = std::max(needed, program.workers);
  return workers > 1 ? run_workers(program, workers) : run_here(program);
}

}  // namespace stratus::sim
