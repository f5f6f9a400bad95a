#include "stratus/net/mqtt_broker.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <optional>

#include <arpa/inet.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // glibc 2.36 forgot this in the header
#include <sys/pidfd.h>
}

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::net {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

constexpr Millis kFirstPause{100};
constexpr Millis kLongestPause{10'000};
constexpr std::chrono::seconds kSettled{
    30};  // alive for so long: the next end starts with a short pause again
constexpr Millis kKickWithin{5'000};
constexpr const char* kGuard = "/guard";  // no device can be called so
constexpr int kLinesPerMinute = 20;       // of mosquitto's log that we pass on

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? name : std::string();
  const char* const path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  const std::string places = std::string(rest) + ":/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin";
  for (rest = places; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, end)) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

// mosquitto cannot tell which port it got, so a free one is looked for beforehand.
Result<std::uint16_t> free_port(const std::string& address) {
  const bool v6 = address.find(':') != std::string::npos;
  FileDescriptor socket(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage where{};
  socklen_t length = v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  where.ss_family = static_cast<sa_family_t>(v6 ? AF_INET6 : AF_INET);
  auto* const v4_address = reinterpret_cast<sockaddr_in*>(&where);
  auto* const v6_address = reinterpret_cast<sockaddr_in6*>(&where);
  const int read = v6 ? ::inet_pton(AF_INET6, address.c_str(), &v6_address->sin6_addr)
                      : ::inet_pton(AF_INET, address.c_str(), &v4_address->sin_addr);
  if (read != 1) return fail(ErrorCode::invalid, "'" + address + "' is no address to listen on");
  if (!socket || ::bind(socket.get(), reinterpret_cast<sockaddr*>(&where), length) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&where), &length) != 0) {
    return fail(Error::from_errno("find a free port on " + address));
  }
  return ntohs(v6 ? v6_address->sin6_port : v4_address->sin_port);
}

// The socket's name must fit into 107 bytes, so a deep data directory gets a short one aside.
Result<std::filesystem::path> place_for_socket(const std::filesystem::path& directory) {
  const std::filesystem::path beside = directory / "socket";
  if (bulk_socket(beside).string().size() <= 107) return beside;
  std::string made = "/tmp/stratus-mqtt-XXXXXX";
  if (::mkdtemp(made.data()) == nullptr)
    return fail(Error::from_errno("make a directory for the broker's socket"));
  return std::filesystem::path(made) / "socket";
}

struct Child {
  FileDescriptor process;  // pidfd
  FileDescriptor log;
};

Result<Child> start_child(const std::string& program, const std::string& config_file) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) return fail(Error::from_errno("pipe"));
  FileDescriptor reading(pipe[0]);
  const FileDescriptor writing(pipe[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail(Error::from_errno("start " + program));
  if (pid == 0) {  // only what is safe after fork
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(writing.get(), STDERR_FILENO);
    ::dup2(writing.get(), STDOUT_FILENO);
    ::execl(program.c_str(), program.c_str(), "-c", config_file.c_str(), nullptr);
    ::_exit(127);
  }
  Child child{FileDescriptor(::pidfd_open(pid, 0)), std::move(reading)};
  if (!child.process) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return fail(Error::from_errno("pidfd_open"));
  }
  return child;
}

std::string reap(const FileDescriptor& process) {
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(process.get()), &info, WEXITED) != 0) return "it ended";
  if (info.si_code == CLD_EXITED) return fmt::format("it ended with status {}", info.si_status);
  const char* const name = ::sigabbrev_np(info.si_status);
  return fmt::format("it was killed by SIG{}", name != nullptr ? name : "?");
}

// Lines that a child writes. Waits by callbacks that hold it, so it may be left at any time.
class LineReader : public std::enable_shared_from_this<LineReader> {
 public:
  LineReader(const Executor& executor, FileDescriptor pipe, std::function<void(std::string_view)> on_line)
      : descriptor_(executor, pipe.release()), on_line_(std::move(on_line)) {}

  void start() {
    descriptor_.async_wait(Descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                             if (!error && self->on_line_ && self->drain()) self->start();
                           });
  }
  // What is there now; false when the other end is closed.
  bool drain() {
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t count = ::read(descriptor_.native_handle(), buffer.data(), buffer.size());
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      if (count == 0) return false;
      rest_.append(buffer.data(), static_cast<std::size_t>(count));
      for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
        on_line_(std::string_view(rest_).substr(0, end));
        rest_.erase(0, end + 1);
      }
      if (rest_.size() > buffer.size()) rest_.clear();
    }
  }
  void close() {
    on_line_ = nullptr;
    boost::system::error_code ignored;
    descriptor_.close(ignored);
  }

 private:
  Descriptor descriptor_;
  std::function<void(std::string_view)> on_line_;
  std::string rest_;
};

// One connection only to take a session over.
struct Takeover : MqttEvents {
  explicit Takeover(const Executor& executor) : changed(executor) {}
  void on_connected(bool) override { finish({}); }
  void on_message(const wire::mqtt::Message&) override {}
  void on_disconnected(const Error& why) override { finish(fail(why)); }
  void finish(Result<void> how) {
    if (!done) result = std::move(how);
    done = true;
    changed.notify_all();
  }
  Notifier changed;
  bool done = false;
  Result<void> result;
};

class Mosquitto final : public Broker {
 public:
  Mosquitto(const Executor& executor, BrokerConfig config, std::string program)
      : executor_(executor),
        config_(std::move(config)),
        program_(std::move(program)),
        ended_(executor),
        tasks_(executor) {}
  ~Mosquitto() override {
    if (child_ && child_->process) {
      ::pidfd_send_signal(child_->process.get(), SIGTERM, nullptr, 0);
      reap(child_->process);
    }
    remove_sockets();
    if (config_.socket.parent_path() != config_.directory) ::rmdir(config_.socket.parent_path().c_str());
  }

  Task<void> run() override;
  Task<void> stop() override;
  std::uint16_t port() const override { return config_.port; }
  MqttEndpoint own_endpoint() const override {
    return MqttEndpoint{MqttEndpoint::Kind::local, config_.socket.string(), 0};
  }
  MqttEndpoint bulk_endpoint() const override {
    return MqttEndpoint{MqttEndpoint::Kind::local_tls, bulk_socket(config_.socket).string(), 0};
  }
  Result<void> set_access(BrokerAccess access) override {
    const std::string text = config_.enrolment ? enrolment_access_text() : broker_access_text(access);
    STRATUS_CHECK(write_file_atomically(config_.directory / "access", text, 0600));
    access_ = std::move(access);
    reload();
    return {};
  }
  const BrokerAccess& access() const override { return access_; }
  void reload() override {
    if (child_) ::pidfd_send_signal(child_->process.get(), SIGHUP, nullptr, 0);
  }
  Result<void> set_revocation_list(const std::filesystem::path& file) override {
    if (file == config_.crl) return {};
    config_.crl = file;
    STRATUS_CHECK(write_config());
    if (child_) ::pidfd_send_signal(child_->process.get(), SIGTERM, nullptr, 0);  // run() starts it again
    return {};
  }
  Result<void> write_config() const {
    STRATUS_TRY(text, broker_config_text(config_));
    return write_file_atomically(config_.directory / "mosquitto.conf", text, 0600);
  }
  Task<Result<void>> kick(std::string client) override;
  bool running() const override { return child_.has_value(); }
  unsigned restarts() const override { return restarts_; }
  const std::string& last_problem() const override { return problem_; }

 private:
  void remove_sockets() const {
    ::unlink(config_.socket.c_str());
    ::unlink(bulk_socket(config_.socket).c_str());
  }
  Task<void> watch();
  Task<void> guard();
  Task<Result<void>> take_session(std::string client, Millis within);
  void pass_on(std::string_view line);

  Executor executor_;
  BrokerConfig config_;
  std::string program_;
  BrokerAccess access_;
  std::optional<Child> child_;
  Notifier ended_;
  TaskGroup tasks_;
  std::string problem_;
  std::string last_line_;
  unsigned restarts_ = 0;
  bool stopping_ = false;
  SteadyTime minute_{};
  int lines_ = 0;
};

Task<void> Mosquitto::run() {
  Millis pause = kFirstPause;
  tasks_.spawn(guard());
  while (!stopping_) {
    remove_sockets();
    auto child = start_child(program_, (config_.directory / "mosquitto.conf").string());
    const auto started = std::chrono::steady_clock::now();
    if (child) {
      child_ = std::move(*child);
      co_await watch();
    } else {
      problem_ = child.error().text();
    }
    ended_.notify_all();
    if (stopping_) break;
    ++restarts_;
    if (std::chrono::steady_clock::now() - started > kSettled) pause = kFirstPause;
    log::error("broker", "{}; starting again in {} ms", problem_, pause.count());
    (void)co_await ended_.wait_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

Task<void> Mosquitto::watch() {
  const auto lines = std::make_shared<LineReader>(executor_, std::move(child_->log),
                                                  [this](std::string_view line) { pass_on(line); });
  struct Close {
    LineReader& lines;
    ~Close() { lines.close(); }
  };
  const Close close = Close{*lines};
  lines->start();
  Descriptor process(executor_, ::fcntl(child_->process.get(), F_DUPFD_CLOEXEC, 3));
  boost::system::error_code error;
  co_await process.async_wait(Descriptor::wait_read, asio::redirect_error(asio::use_awaitable, error));
  const std::string how = reap(child_->process);
  (void)lines->drain();  // its last words
  problem_ = "mosquitto: " + how + (last_line_.empty() ? "" : " (" + last_line_ + ")");
  last_line_.clear();
  child_.reset();
}

// mosquitto 2.0.11 can fall into an endless loop when a bridge over TLS loses its upstream. Then it lives,
// answers nobody, and only ending it helps.
Task<void> Mosquitto::guard() {
  while (!stopping_) {
    co_await sleep_for(config_.ask_every);
    if (!child_) continue;
    const unsigned asked = restarts_;
    const auto answer = co_await take_session(kGuard, config_.answer_within);
    if (answer || answer.error().code() != ErrorCode::timeout || !child_ || restarts_ != asked) continue;
    log::error("broker", "mosquitto lives but has answered nobody for {} ms: ending it",
               config_.answer_within.count());
    ::pidfd_send_signal(child_->process.get(), SIGKILL, nullptr, 0);  // run() starts it again
  }
}

void Mosquitto::pass_on(std::string_view line) {
  const auto holds = [&](std::string_view part) { return line.find(part) != std::string_view::npos; };
  // Known, and no news: the second is about the unix socket.
  if (line.empty() || holds("should not be run as root") || holds("Unable to set TCP_NODELAY")) return;
  last_line_ = line.substr(0, 300);
  const auto now = std::chrono::steady_clock::now();
  if (now - minute_ > std::chrono::minutes(1)) {
    if (lines_ > kLinesPerMinute)
      log::warning("mosquitto", "{} more lines within a minute", lines_ - kLinesPerMinute);
    minute_ = now;
    lines_ = 0;
  }
  if (++lines_ <= kLinesPerMinute) log::warning("mosquitto", "{}", last_line_);
}

Task<void> Mosquitto::stop() {
  stopping_ = true;
  ended_.notify_all();
  co_await tasks_.stop();
  if (!child_) co_return;
  ::pidfd_send_signal(child_->process.get(), SIGTERM, nullptr, 0);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  while (child_) {
    const bool woken = co_await ended_.wait_until(end);
    if (!woken && child_) ::pidfd_send_signal(child_->process.get(), SIGKILL, nullptr, 0);
    if (!woken) break;
  }
}

Task<Result<void>> Mosquitto::kick(std::string client) {
  auto taken = co_await take_session(client, kKickWithin);
  co_return std::move(taken).with_context("end the session of " + client);
}

Task<Result<void>> Mosquitto::take_session(std::string client, Millis within) {
  MqttOptions options;
  options.endpoint = own_endpoint();
  options.session.client_id = client;
  options.session.clean_start = true;
  options.session.session_expiry = 0;
  options.connect_timeout = within;
  Takeover takeover(executor_);
  MqttSession session(executor_, options, takeover);
  TaskGroup tasks(executor_);
  tasks.spawn(session.run());
  const auto end = std::chrono::steady_clock::now() + within;
  bool in_time = true;
  while (!takeover.done && in_time) in_time = co_await takeover.changed.wait_until(end);
  co_await tasks.stop();
  if (!takeover.done) co_return fail(ErrorCode::timeout, "the broker does not answer");
  co_return std::move(takeover.result);
}

constexpr std::array<int, 3> kCutAgainMs{0, 500, 1'500};

}  // namespace

Task<void> cut_for_good(Broker& broker, std::string client) {
  for (const int pause : kCutAgainMs) {
    co_await sleep_for(Millis(pause));
    if (!broker.running()) co_return;  // it starts with the new lists
    auto kicked = co_await broker.kick(client);
    if (!kicked) log::warning("broker", "{}", kicked.error().text());
  }
}

Result<std::unique_ptr<Broker>> Broker::make(const Executor& executor, BrokerConfig config,
                                             std::string program) {
  const std::string found = find_program(program);
  if (found.empty())
    return fail(ErrorCode::not_found,
                program + " is not installed; install it (Debian: mosquitto) or name a broker");
  STRATUS_CHECK(make_directories(config.directory));
  ::chmod(config.directory.c_str(), 0700);  // the socket is inside
  if (config.socket.empty()) {
    STRATUS_TRY(place, place_for_socket(config.directory));
    config.socket = place;
  }
  if (config.port == 0) {
    STRATUS_TRY(port, free_port(config.address));
    config.port = port;
  }
  config.as_root = ::geteuid() == 0;
  auto broker = std::make_unique<Mosquitto>(executor, std::move(config), found);
  STRATUS_CHECK(broker->write_config());
  STRATUS_CHECK(broker->set_access(BrokerAccess{}));
  return broker;
}

}  // namespace stratus::net
