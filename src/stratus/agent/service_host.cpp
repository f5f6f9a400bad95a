#include "stratus/agent/service_host.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stratus/agent/check_output.hpp"
#include "stratus/agent/listen_sockets.hpp"
#include "stratus/agent/spare_directory.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/base/file.hpp"
#include "stratus/base/json.hpp"
#include "stratus/base/log.hpp"

namespace stratus::agent {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMaxRecord = 4096;  // bytes
constexpr auto kKillTime = 10s;
constexpr std::size_t kMaxEntries = 200'000;  // that are looked at to see how much a service has written
constexpr auto kDrainTime = 20ms;             // between two looks at what a check says

int stop_signal_of(const Release& release) {
  return runtime::parse_signal(release.config.stop_signal).value_or(SIGTERM);
}

// Bytes that the tree takes on disk, of the first `most` entries. Without following links, blocking.
std::uint64_t disk_usage(const fs::path& directory, std::size_t most) {
  std::uint64_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied, error);
  for (std::size_t seen = 0; !error && entry != fs::recursive_directory_iterator() && seen < most; ++seen) {
    struct stat status {};
    if (::lstat(entry->path().c_str(), &status) == 0) {
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    entry.increment(error);
  }
  return bytes;
}

Result<void> replace_file(const fs::path& path, std::string_view text) {
  STRATUS_CHECK(make_directories(path.parent_path()));
  const fs::path temporary = path.string() + ".tmp";
  const auto write = [&]() -> Result<void> {
    STRATUS_TRY(file, open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    STRATUS_CHECK(write_all(file.get(), as_bytes(text)).with_context(path.string()));
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      return fail(Error::from_errno("rename " + path.string()));
    return {};
  };
  Result<void> written = write();
  if (!written) (void)::unlink(temporary.c_str());
  return written;
}

net::ClientOptions probe_options() {
  net::ClientOptions options;
  options.connect_timeout = 2s;
  return options;
}

}  // namespace

ServiceHost::ServiceHost(net::Executor executor, net::WorkerPool& worker, const AgentConfig& config,
                         const ImageStore& images, runtime::Launcher launcher)
    : executor_(std::move(executor)),
      worker_(worker),
      config_(config),
      images_(images),
      spare_(spare_directory(images.data())),
      launcher_(std::move(launcher)),
      probe_client_(net::HttpClient::make(executor_, probe_options())) {}

// Where it may be, the first choice first.
std::vector<fs::path> ServiceHost::record_paths(const std::string& name) const {
  return {images_.data() / "running" / (name + ".json"), spare_ / (name + ".json")};
}

// Not synced: it need not outlive the boot, and a start should not wait for the disk.
Result<void> ServiceHost::write_record(const Instance& instance) const {
  const json::object record{
      {"manifest", instance.release.manifest.text()}, {"version", instance.release.version},
      {"stop_signal", instance.stop_signal},          {"pid", instance.process.pid},
      {"start_ticks", instance.process.start_ticks},  {"boot_id", instance.process.boot_id}};
  const std::string text = json::serialize(record);
  Result<void> written;
  for (const fs::path& path : record_paths(instance.name)) {
    written = replace_file(path, text);
    if (written) return {};
    log::warning("service", "{}", written.error().text());
  }
  return written;
}

InstancePtr ServiceHost::read_record(const fs::path& path) const {
  const auto text = read_file(path, kMaxRecord);
  if (!text) return nullptr;
  const auto value = parse_json(*text, kMaxRecord);
  if (!value) return nullptr;
  ObjectReader reader(*value, path.string());
  auto instance = std::make_shared<Instance>(executor_);
  instance->name = path.stem().string();
  instance->release.manifest = reader.digest("manifest");
  instance->release.version = reader.text("version", 128);
  instance->stop_signal = static_cast<int>(reader.optional_number("stop_signal", SIGTERM));
  instance->process.pid = static_cast<int>(reader.number("pid"));
  instance->process.start_ticks = reader.number("start_ticks");
  instance->process.boot_id = reader.text("boot_id", 128);
  instance->started = std::chrono::steady_clock::now();
  instance->log_begin = log_size();
  return reader.done() ? instance : nullptr;
}

Found ServiceHost::adopt() {
  Found found;
  std::vector<std::string> living;
  const auto boot = runtime::boot_id();
  std::vector<fs::path> records;
  std::error_code ignored;
  for (const fs::path& directory : {images_.data() / "running", spare_}) {
    for (const auto& entry : fs::directory_iterator(directory, ignored)) records.push_back(entry.path());
  }
  for (const fs::path& path : records) {
    const InstancePtr instance = path.extension() == ".json" ? read_record(path) : nullptr;
    auto pidfd = instance != nullptr ? runtime::open_process(instance->process)
                                     : Result<FileDescriptor>(fail(ErrorCode::not_found, ""));
    if (pidfd) {
      instance->pidfd = std::move(*pidfd);
      if (auto release = images_.load_release(instance->release.manifest)) {
        instance->image = std::move(release->config);
      }
      living.push_back(instance->name);
      found.alive.push_back(instance);
      continue;
    }
    if (instance != nullptr && boot && instance->process.boot_id == *boot) {
      found.dead_this_boot.push_back(instance->release);
    }
    if (instance != nullptr) runtime::remove_control_group(instance->name);
    (void)::unlink(path.c_str());
  }
  images_.remove_uppers(living);
  return found;
}

Result<void> ServiceHost::open_sockets(const InstancePtr& from) {
  const int pidfd = from != nullptr ? from->pidfd.get() : -1;
  const int pid = from != nullptr ? from->process.pid : 0;
  STRATUS_TRY(sockets, open_listen_sockets(config_.listen, pidfd, pid));
  sockets_ = std::move(sockets);
  return {};
}

std::vector<std::string> ServiceHost::environment_of(const oci::ImageConfig& image) const {
  std::vector<std::string> env = image.env;
  for (const std::string& entry : config_.env) {
    const std::string key = entry.substr(0, entry.find('=') + 1);
    std::erase_if(env, [&](const std::string& other) { return other.rfind(key, 0) == 0; });
    env.push_back(entry);
  }
  return env;
}

runtime::ContainerSpec ServiceHost::spec_of(const Release& release, const std::string& name) const {
  runtime::ContainerSpec spec;
  spec.instance = name;
  spec.store = fs::absolute(images_.data());
  spec.layers = ImageStore::layer_names(release);
  if (!config_.read_only) spec.writable = "upper/" + name;
  if (config_.writable_in_memory) spec.writable_in_memory = config_.writable_limit;
  spec.args = config_.args.empty() ? release.config.command() : config_.args;
  spec.env = environment_of(release.config);
  spec.user = release.config.user;
  spec.working_directory = release.config.working_dir;
  spec.host_name = config_.host_name;
  spec.volumes = config_.volumes;
  spec.limits = config_.limits;
  spec.log_file = log_file();
  for (const FileDescriptor& socket : sockets_) spec.listen_fds.push_back(socket.get());
  return spec;
}

net::Task<Result<InstancePtr>> ServiceHost::prepare(const Release& release, OnFullDisk on_full_disk) {
  const std::string name =
      fmt::format("{}-{:x}-{}", release.manifest_digest.short_hex(), unix_ms(), ++counter_);
  runtime::ContainerSpec spec = spec_of(release, name);
  std::function<Result<runtime::Container>()> work = [this, &spec] { return launcher_.prepare(spec); };
  auto container = co_await worker_.run(work);
  if (!container) {
    std::error_code ignored;
    fs::remove_all(images_.data() / "upper" / name, ignored);
  }
  const std::string root_in_memory = ImageStore::kMemoryRoot;
  if (!container && on_full_disk == OnFullDisk::in_memory && !spec.writable.empty()) {
    log::warning("service", "no root on disk, it is kept in memory: {}", container.error().text());
    spec.writable = root_in_memory;
    if (spec.writable_in_memory == 0) {
      const std::uint64_t limit = config_.writable_limit;
      spec.writable_in_memory = limit == 0 ? kRootInMemory : std::min(limit, kRootInMemory);
    }
    auto without_disk = co_await worker_.run(work);
    if (without_disk) container = std::move(without_disk);
  }
  if (!container) co_return forward_error(std::move(container));
  for (const std::string& missing : container->degradations()) log::warning("service", "{}", missing);
  auto instance = std::make_shared<Instance>(executor_);
  instance->name = name;
  instance->release = {release.manifest_digest, release.version};
  instance->image = release.config;
  instance->stop_signal = stop_signal_of(release);
  instance->process = container->identity();
  instance->pidfd = container->take_pidfd();
  instance->prepared = std::move(*container);
  co_return instance;
}

net::Task<Result<void>> ServiceHost::release(InstancePtr instance) {
  Result<void> noted = write_record(*instance);
  instance->started = std::chrono::steady_clock::now();
  instance->log_begin = log_size();
  if (noted) {
    // A write and a read on pipes: microseconds, not worth a trip to the worker.
    noted = instance->prepared->release();
  }
  instance->prepared.reset();
  if (noted) {
    log::info("service", "started version={} pid={}", instance->release.version, instance->process.pid);
  }
  watch(instance);
  if (!noted) co_await stop(instance);
  co_return noted;
}

void ServiceHost::watch(InstancePtr instance) {
  boost::asio::co_spawn(executor_, follow(std::move(instance)), boost::asio::detached);
}

net::Task<void> ServiceHost::follow(InstancePtr instance) {
  const int pidfd = instance->pidfd.get();
  co_await wait_readable(pidfd);
  const std::string how = runtime::describe(runtime::reap(pidfd));
  instance->how_ended = instance->how_ended.empty() ? how : instance->how_ended + ", " + how;
  instance->ended = true;
  clean(*instance);
  if (!instance->end_expected) {
    instance->how_ended += last_said(*instance);
    log::warning("service", "version={} pid={} {}", instance->release.version, instance->process.pid,
                 instance->how_ended);
  }
  instance->changed.notify();
}

// Aside: removing takes milliseconds, during which a waiting successor should be started.
void ServiceHost::clean(const Instance& instance) const {
  house_.post([name = instance.name, upper = images_.data() / "upper" / instance.name] {
    runtime::remove_control_group(name);
    (void)remove_tree(upper);
  });
  // A record stays when nobody wanted the end: should the agent end before it has drawn its conclusion, the
  // next one sees that this version died.
  if (instance.end_expected) remove_record(instance);
}

void ServiceHost::remove_record(const Instance& instance) const {
  for (const fs::path& path : record_paths(instance.name)) (void)::unlink(path.c_str());
  (void)::rmdir(spare_.c_str());  // when it was the last one
}

net::Task<void> ServiceHost::wait_ended(InstancePtr instance, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!instance->ended) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left <= 0ms) co_return;
    (void)co_await instance->changed.wait(left);
  }
}

net::Task<void> ServiceHost::stop(InstancePtr instance) {
  instance->end_expected = true;
  const int pidfd = instance->pidfd.get();
  if (!instance->ended) {
    (void)runtime::send_signal(pidfd, instance->stop_signal);
    const auto grace = config_.stop_grace;
    co_await wait_ended(instance, grace);
  }
  if (!instance->ended) {
    log::warning(
        "service",
        "version={} did not stop within {} ms of {}: killed (`stratus publish --stop-signal` names the "
        "signal that it heeds)",
        instance->release.version, config_.stop_grace.count(), runtime::signal_name(instance->stop_signal));
    (void)runtime::send_signal(pidfd, SIGKILL);
    const std::chrono::milliseconds limit = kKillTime;
    co_await wait_ended(instance, limit);
  }
  remove_record(*instance);
}

net::Task<Result<void>> ServiceHost::probe_tcp(const HealthCheckPlan& plan) {
  namespace asio = boost::asio;
  boost::system::error_code error;
  const auto address = asio::ip::make_address(plan.host == "localhost" ? "127.0.0.1" : plan.host, error);
  if (error) co_return fail(ErrorCode::invalid, fmt::format("check: '{}' is no numeric address", plan.host));
  const asio::ip::tcp::endpoint endpoint(address, plan.port);
  asio::ip::tcp::socket socket(executor_);
  asio::steady_timer timer(executor_, plan.timeout);
  // A timer that went off together with the connection calls after this coroutine's frame is gone.
  auto waiting = std::make_shared<bool>(true);
  auto cancel = [&socket, waiting](const boost::system::error_code& stopped) {
    boost::system::error_code ignored;
    if (!stopped && *waiting) socket.close(ignored);
  };
  timer.async_wait(cancel);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await socket.async_connect(endpoint, token);
  *waiting = false;
  timer.cancel();
  if (error) {
    co_return fail(ErrorCode::unavailable,
                   fmt::format("check {}:{}: {}", plan.host, plan.port, error.message()));
  }
  co_return Result<void>();
}

net::Task<Result<void>> ServiceHost::probe_exec(InstancePtr instance, const HealthCheckPlan& plan) {
  if (!instance->image) co_return fail(ErrorCode::internal, "the check cannot run: its image cannot be read");
  auto said = CheckOutput::make();
  if (!said) co_return fail(ErrorCode::internal, said.error().text());
  runtime::InsideCommand command;
  command.instance = instance->name;
  command.args = plan.command;
  command.env = environment_of(*instance->image);
  command.user = instance->image->user;
  command.working_directory = instance->image->working_dir;
  command.open_files = config_.limits.open_files;
  command.output = said->write_end();
  std::function<Result<FileDescriptor>()> start = [this, &instance, &command] {
    return launcher_.start_inside(instance->pidfd.get(), command);
  };
  auto process = co_await worker_.run(start);
  if (!process) co_return forward_error(std::move(process));
  said->close_write_end();
  const int pidfd = process->get();
  const auto end = std::chrono::steady_clock::now() + plan.timeout;
  bool ended = false;
  while (!ended && std::chrono::steady_clock::now() < end) {
    const std::chrono::milliseconds tick = kDrainTime;
    ended = co_await wait_readable(pidfd, tick);
    said->drain();
  }
  if (!ended) {
    (void)runtime::send_signal(pidfd, SIGKILL);
    co_await wait_readable(pidfd);
  }
  said->drain();
  const runtime::ExitStatus status = runtime::reap(pidfd);
  const std::string words = said->last_words().empty() ? "" : ": " + said->last_words();
  if (!ended) co_return fail(ErrorCode::timeout, "the check did not end in time" + words);
  if (status.code != 0 || status.signal != 0) {
    co_return fail(ErrorCode::unavailable, "the check ended with " + runtime::describe(status) + words);
  }
  co_return Result<void>();
}

net::Task<Result<void>> ServiceHost::probe_http(const HealthCheckPlan& plan) {
  net::ClientRequest get;
  get.url = plan.url;
  get.total_timeout = plan.timeout;
  get.headers.set("Connection", "close");
  auto response = co_await probe_client_->send(get);
  if (!response) co_return fail(std::move(response.error()).with_context("check " + get.url));
  if (response->status < 200 || response->status >= 400) {
    const std::string words = last_words_of(response->body);
    co_return fail(ErrorCode::unavailable, fmt::format("check {} answered {}{}{}", get.url, response->status,
                                                       words.empty() ? "" : ": ", words));
  }
  co_return Result<void>();
}

net::Task<Result<void>> ServiceHost::probe(InstancePtr instance, const HealthCheckPlan& plan) {
  if (instance->ended) co_return fail(ErrorCode::unavailable, "ended: " + instance->how_ended);
  if (plan.kind == CheckKind::none) co_return Result<void>();
  // Without a descriptor every check fails in its own way, and it is not the release's doing.
  if (const auto spare = open_file("/dev/null", O_RDONLY); !spare) {
    co_return fail(ErrorCode::internal, "the agent cannot check: " + spare.error().text());
  }
  if (plan.kind == CheckKind::exec) {
    auto checked = co_await probe_exec(instance, plan);
    co_return checked;
  }
  if (plan.kind == CheckKind::tcp) {
    auto checked = co_await probe_tcp(plan);
    co_return checked;
  }
  auto checked = co_await probe_http(plan);
  co_return checked;
}

net::Task<void> ServiceHost::keep_house(InstancePtr instance) {
  fs::path upper;
  if (instance != nullptr && !instance->ended) upper = images_.data() / "upper" / instance->name / "upper";
  std::function<std::uint64_t()> work = [this, &upper]() -> std::uint64_t {
    rotate_log();
    return upper.empty() ? 0 : disk_usage(upper, kMaxEntries);
  };
  const std::uint64_t written = co_await house_.run(work);
  if (instance == nullptr || instance->ended) co_return;
  instance->written = written;
  if (config_.writable_limit == 0 || config_.writable_in_memory || written <= config_.writable_limit)
    co_return;
  instance->how_ended =
      fmt::format("it wrote {} bytes to its root, {} are allowed", written, config_.writable_limit);
  (void)runtime::send_signal(instance->pidfd.get(), SIGKILL);
}

std::uint64_t ServiceHost::log_size() const {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(log_file(), error);
  return error ? 0 : size;
}

// Beside an older version that still writes, its words may be the last: both share the log.
std::string ServiceHost::last_said(const Instance& instance) const {
  const std::string words = last_words_in(log_file(), instance.log_begin);
  return words.empty() ? "" : fmt::format(": {} (more in {})", words, log_file().string());
}

void ServiceHost::rotate_log() const {
  const fs::path path = log_file();
  if (log_size() <= kMaxLog) return;
  // The service keeps its descriptor, which appends: so copy away and cut. Lines between are lost.
  std::error_code ignored;
  fs::copy_file(path, path.string() + ".1", fs::copy_options::overwrite_existing, ignored);
  (void)!::truncate(path.c_str(), 0);
}

}  // namespace stratus::agent
