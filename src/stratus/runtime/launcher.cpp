#include "stratus/runtime/launcher.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "stratus/runtime/child_plan.hpp"
#include "stratus/runtime/seccomp_filter.hpp"
#include "stratus/runtime/user_namespace.hpp"

namespace stratus::runtime {
namespace {

namespace fs = std::filesystem;

// Above every number that passed sockets may take, so that putting those in place hits none of ours.
constexpr int kHighDescriptor = 200;
constexpr std::size_t kMaxListenSockets = 64;
constexpr std::size_t kOptionPage = 4000;  // bytes that mount(2) takes
constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Result<FileDescriptor> move_high(int fd) {
  const FileDescriptor low(fd);
  FileDescriptor high(::fcntl(low.get(), F_DUPFD_CLOEXEC, kHighDescriptor));
  if (!high) return fail(Error::from_errno("duplicate descriptor"));
  return high;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Error::from_errno("pipe"));
  auto read = move_high(ends[0]);
  auto write = move_high(ends[1]);
  if (!read) return forward_error(std::move(read));
  if (!write) return forward_error(std::move(write));
  return Pipe{std::move(*read), std::move(*write)};
}

std::string_view value_of(const std::vector<std::string>& env, std::string_view name) {
  for (const std::string& entry : env) {
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.compare(0, name.size(), name) == 0) {
      return std::string_view(entry).substr(name.size() + 1);
    }
  }
  return {};
}

// The texts behind an ExecPlan's pointers. Stays where it is while the plan is used.
struct ExecTexts {
  std::vector<std::string> args, env, candidates;
  std::string user, working_directory;
};

ExecTexts make_texts(const std::vector<std::string>& args, const std::vector<std::string>& env,
                     const std::string& user, const std::string& working_directory, std::size_t sockets) {
  ExecTexts texts{args, {}, {}, user, working_directory.empty() ? "/" : working_directory};
  for (const std::string& entry : env) {
    const bool ours = entry.rfind("LISTEN_FDS=", 0) == 0 || entry.rfind("LISTEN_PID=", 0) == 0;
    if (!ours) texts.env.push_back(entry);
  }
  if (value_of(env, "PATH").empty()) texts.env.push_back(fmt::format("PATH={}", kDefaultPath));
  if (sockets > 0) {
    texts.env.push_back(fmt::format("LISTEN_FDS={}", sockets));
    texts.env.emplace_back("LISTEN_PID=1");
  }
  if (args.front().find('/') != std::string::npos) {
    texts.candidates.push_back(args.front());
    return texts;
  }
  std::string_view path = value_of(texts.env, "PATH");
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    if (end > 0) texts.candidates.push_back(fmt::format("{}/{}", path.substr(0, end), args.front()));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return texts;
}

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> out;
  for (const std::string& text : texts) out.push_back(text.c_str());
  out.push_back(nullptr);
  return out;
}

void fill(ExecPlan& plan, const ExecTexts& texts) {
  plan.candidates = pointers(texts.candidates);
  plan.args = pointers(texts.args);
  plan.env = pointers(texts.env);
  if (value_of(texts.env, "HOME").empty()) {
    plan.home_slot = plan.env.size() - 1;
    plan.env.push_back(nullptr);
  }
  plan.user = texts.user;
  plan.working_directory = texts.working_directory.c_str();
  ::getrlimit(RLIMIT_NOFILE, &plan.open_files);
}

// Waits for the child's word that it is ready, or for why it is not.
Result<void> read_status(int fd, std::string_view what) {
  ChildStatus status;
  ssize_t count = 0;
  do count = ::read(fd, &status, sizeof status);
  while (count < 0 && errno == EINTR);
  if (count == 0) return fail(ErrorCode::internal, fmt::format("{}: ended before it was ready", what));
  if (count != static_cast<ssize_t>(sizeof status)) return fail(Error::from_errno(what));
  if (status.step == Step::ready) return {};
  if (status.step == Step::volume_link) {
    return fail(ErrorCode::invalid, fmt::format("{}: {}", what, step_name(status.step)));
  }
  Error error = Error::from_errno(fmt::format("{}: {}", what, step_name(status.step)), status.error);
  return fail(std::move(error));
}

// fork with new namespaces and a pidfd. The child must make system calls only.
long clone_process(std::uint64_t namespaces, int& pidfd) {
  clone_args args{};
  args.flags = namespaces | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  return ::syscall(SYS_clone3, &args, sizeof args);
}

void set_open_files(ExecPlan& plan, std::uint64_t wanted) {
  if (wanted == 0) return;
  plan.open_files.rlim_max = std::min<rlim_t>(plan.open_files.rlim_max, wanted);
  plan.open_files.rlim_cur = plan.open_files.rlim_max;
}

void kill_and_reap(int pidfd) {
  (void)send_signal(pidfd, SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED) != 0 && errno == EINTR) {
  }
}

bool is_instance_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<void> check_spec(const ContainerSpec& spec) {
  if (!is_instance_name(spec.instance)) {
    return fail(ErrorCode::invalid, fmt::format("'{}' is no instance name", spec.instance));
  }
  if (spec.layers.empty()) return fail(ErrorCode::invalid, "the image has no layers");
  if (spec.args.empty() || spec.args.front().empty()) {
    return fail(ErrorCode::invalid, "the image names no program: it has neither Entrypoint nor Cmd");
  }
  if (!spec.store.is_absolute()) return fail(ErrorCode::invalid, "the store's path must be absolute");
  if (spec.listen_fds.size() > kMaxListenSockets) return fail(ErrorCode::invalid, "too many passed sockets");
  if (!spec.working_directory.empty() && spec.working_directory.front() != '/') {
    return fail(ErrorCode::invalid,
                fmt::format("the working directory '{}' is not absolute", spec.working_directory));
  }
  for (const Volume& volume : spec.volumes) {
    const bool climbs =
        std::any_of(volume.target.begin(), volume.target.end(), [](const fs::path& p) { return p == ".."; });
    if (!volume.source.is_absolute() || !volume.target.is_absolute() || climbs ||
        !volume.target.has_relative_path() || volume.target.native().size() > 4000) {
      return fail(ErrorCode::invalid,
                  fmt::format("volume {}: both paths must be absolute, without '..' and not the root",
                              volume.target.string()));
    }
  }
  return {};
}

// "lowerdir=a:b,upperdir=…" for mount(2), highest layer first; empty when it would not fit a page.
std::string lower_option(const ContainerSpec& spec, const std::string& upper, const std::string& work) {
  std::vector<std::string> reversed(spec.layers.rbegin(), spec.layers.rend());
  std::string option = fmt::format("lowerdir={}", fmt::join(reversed, ":"));
  if (!upper.empty()) option += fmt::format(",upperdir={},workdir={}", upper, work);
  return option.size() < kOptionPage ? option : std::string();
}

}  // namespace

std::string_view step_name(Step step) {
  switch (step) {
    case Step::ready:
      return "ready";
    case Step::make_mounts_private:
      return "make mounts private";
    case Step::idmap_store:
      return "map ids of the store";
    case Step::enter_store:
      return "enter the store";
    case Step::open_volume:
      return "open volume";
    case Step::mount_memory:
      return "mount memory for what is written";
    case Step::mount_overlay:
      return "mount the layers";
    case Step::pivot:
      return "change the root";
    case Step::mount_proc:
      return "mount /proc";
    case Step::protect_proc:
      return "protect /proc";
    case Step::mount_sys:
      return "mount /sys";
    case Step::mount_dev:
      return "mount /dev";
    case Step::mount_tmp:
      return "mount /tmp and /run";
    case Step::mount_volume:
      return "mount volume";
    case Step::volume_link:
      return "mount volume: its path inside goes through a symbolic link or a file of the image, name the "
             "real directory";
    case Step::host_name:
      return "set host name";
    case Step::limits:
      return "set limits";
    case Step::descriptors:
      return "pass descriptors";
    case Step::find_user:
      return "find the image's user in its /etc/passwd";
    case Step::user_namespace:
      return "enter the user namespace";
    case Step::capabilities:
      return "drop capabilities";
    case Step::ids:
      return "take on user and group";
    case Step::working_directory:
      return "enter the working directory";
    case Step::no_new_privileges:
      return "set no_new_privs";
    case Step::seccomp:
      return "load the system call filter";
    case Step::join_namespaces:
      return "join the container";
    case Step::join_group:
      return "join the container's control group";
    case Step::execute:
      return "execute";
  }
  return "?";
}

struct Launcher::Impl {
  LauncherOptions options;
  FileDescriptor user_namespace;  // empty: identity map
  Bytes filter;
  std::vector<std::string> degradations;
};

Launcher::Launcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Launcher::Launcher(Launcher&&) noexcept = default;
Launcher& Launcher::operator=(Launcher&&) noexcept = default;
Launcher::~Launcher() = default;
const std::vector<std::string>& Launcher::degradations() const { return impl_->degradations; }

Result<Launcher> Launcher::make(LauncherOptions options) {
  if (::geteuid() != 0) {
    return fail(ErrorCode::denied,
                "starting containers needs root: run the agent as root or by its systemd unit");
  }
  auto impl = std::make_unique<Impl>();
  STRATUS_TRY(filter, make_default_filter());
  impl->filter = std::move(filter);
  if (options.user_namespace) {
    auto user_namespace = make_user_namespace(options.host_base);
    Result<void> usable = user_namespace ? probe_idmapped_overlay(user_namespace->get(), options.store)
                                         : Result<void>(forward_error(std::move(user_namespace)));
    if (usable) {
      impl->user_namespace = std::move(*user_namespace);
    } else {
      impl->degradations.push_back("no user namespace, container root is host root without capabilities: " +
                                   usable.error().text());
    }
  }
  impl->options = std::move(options);
  return Launcher(std::move(impl));
}

namespace {

// What an image can have set; the rest of the namespaces is overlayfs's and the host's (labels,
// measurements).
bool is_images_xattr(std::string_view name) {
  return (name.starts_with("user.") && !name.starts_with("user.overlay.")) ||
         name.starts_with("system.posix_acl_");
}

Result<void> copy_root_xattrs(const std::filesystem::path& layer, const std::filesystem::path& upper) {
  Bytes names(64u << 10), value(64u << 10);
  const ssize_t length = ::listxattr(layer.c_str(), reinterpret_cast<char*>(names.data()), names.size());
  if (length < 0 && errno != ENOTSUP) return fail(Error::from_errno("attributes of " + layer.string()));
  for (ssize_t at = 0; at < length;) {
    const std::string name = reinterpret_cast<const char*>(names.data()) + at;
    at += static_cast<ssize_t>(name.size()) + 1;
    if (!is_images_xattr(name)) continue;
    const ssize_t size = ::getxattr(layer.c_str(), name.c_str(), value.data(), value.size());
    if (size < 0 ||
        ::setxattr(upper.c_str(), name.c_str(), value.data(), static_cast<std::size_t>(size), 0) != 0)
      return fail(Error::from_errno("attribute " + name + " of " + upper.string()));
  }
  return {};
}

Result<struct stat> root_of(const std::filesystem::path& layer) {
  struct stat root {};
  if (::stat(layer.c_str(), &root) != 0) return fail(Error::from_errno("stat " + layer.string()));
  return root;
}

// Overlayfs shows attributes of the root as the highest directory has them, which is the writable one.
Result<void> show_root_of(const std::filesystem::path& layer, const std::filesystem::path& upper) {
  STRATUS_TRY(root, root_of(layer));
  const timespec times[2] = {root.st_atim, root.st_mtim};
  if (::chown(upper.c_str(), root.st_uid, root.st_gid) != 0 ||
      ::chmod(upper.c_str(), root.st_mode & 07777u) != 0) {
    return fail(Error::from_errno("attributes of " + upper.string()));
  }
  STRATUS_CHECK(copy_root_xattrs(layer, upper));
  if (::utimensat(AT_FDCWD, upper.c_str(), times, 0) != 0)
    return fail(Error::from_errno("time of " + upper.string()));
  return {};
}

Result<void> remember_root_of(const std::filesystem::path& layer, ChildPlan& plan) {
  STRATUS_TRY(root, root_of(layer));
  plan.root_uid = root.st_uid;
  plan.root_gid = root.st_gid;
  plan.root_mode = root.st_mode & 07777u;
  plan.root_times[0] = root.st_atim;
  plan.root_times[1] = root.st_mtim;
  return {};
}

}  // namespace

Result<Container> Launcher::prepare(const ContainerSpec& spec) const {
  STRATUS_CHECK(check_spec(spec));
  const std::string upper = spec.writable.empty() ? "" : spec.writable + "/upper";
  const std::string work = spec.writable.empty() ? "" : spec.writable + "/work";
  STRATUS_CHECK(make_directories(spec.store / "merged"));
  const bool in_memory = spec.writable_in_memory > 0 && !upper.empty();
  if (!upper.empty()) {
    STRATUS_CHECK(make_directories(spec.store / upper));
    STRATUS_CHECK(make_directories(spec.store / work));
    // In memory the child makes it: nothing may need room on a disk that is full.
    if (!in_memory) STRATUS_CHECK(show_root_of(spec.store / spec.layers.back(), spec.store / upper));
  }

  const ExecTexts texts =
      make_texts(spec.args, spec.env, spec.user, spec.working_directory, spec.listen_fds.size());
  const std::string store = spec.store.string();
  const std::string option = lower_option(spec, upper, work);
  ChildPlan plan;
  fill(plan.exec, texts);
  plan.exec.make_working_directory = !upper.empty();
  plan.exec.user_namespace = impl_->user_namespace.get();
  plan.exec.seccomp = impl_->filter;
  set_open_files(plan.exec, spec.limits.open_files);
  plan.store = store.c_str();
  plan.idmap = static_cast<bool>(impl_->user_namespace);
  plan.host_base = plan.idmap ? impl_->options.host_base : 0;
  for (const std::string& layer : spec.layers) plan.layers.push_back(layer.c_str());
  std::string memory_options;
  if (in_memory) {
    memory_options = fmt::format("mode=0700,size={}", spec.writable_in_memory);
    plan.memory_at = spec.writable.c_str();
    plan.memory_options = memory_options.c_str();
    STRATUS_CHECK(remember_root_of(spec.store / spec.layers.back(), plan));
  }
  plan.upper = upper.empty() ? nullptr : upper.c_str();
  plan.work = upper.empty() ? nullptr : work.c_str();
  plan.lower_option = option.empty() ? nullptr : option.c_str();
  plan.host_name = spec.host_name.empty() ? nullptr : spec.host_name.c_str();
  plan.listen_fds = spec.listen_fds;
  for (const Volume& volume : spec.volumes) {
    std::error_code error;
    if (!fs::exists(volume.source, error)) STRATUS_CHECK(make_directories(volume.source));
    plan.volumes.push_back({volume.source.c_str(), volume.target.c_str(), volume.read_only,
                            fs::is_directory(volume.source, error)});
  }
  FileDescriptor log;
  if (!spec.log_file.empty()) {
    STRATUS_TRY(opened, open_file(spec.log_file, O_WRONLY | O_CREAT | O_APPEND, 0640));
    log = std::move(opened);
    // So that a program which opens /dev/stdout again may.
    if (plan.host_base != 0) (void)!::fchown(log.get(), plan.host_base, plan.host_base);
    plan.log = log.get();
  }

  STRATUS_TRY(gate, make_pipe());
  STRATUS_TRY(status, make_pipe());
  plan.exec.gate = gate.read.get();
  plan.exec.status = status.write.get();

  Container container;
  const ControlGroup group = make_control_group(spec.instance, spec.limits, container.degradations_);
  int pidfd = -1;
  // The child's copy of our end of the gate must not keep it open after our death.
  const int our_gate = gate.write.get();
  const long pid = clone_process(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS, pidfd);
  if (pid == 0) {
    ::close(our_gate);
    run_child(plan);
  }
  if (pid < 0) return fail(Error::from_errno("start " + spec.instance));
  container.pidfd_ = FileDescriptor(pidfd);
  status.write.reset();
  gate.read.reset();
  const auto finish = [&]() -> Result<void> {
    STRATUS_CHECK(read_status(status.read.get(), "start " + spec.args.front()));
    STRATUS_TRY(identity, identify(static_cast<int>(pid)));
    container.identity_ = std::move(identity);
    return enter_control_group(group, container.identity_.pid).with_context("start " + spec.args.front());
  };
  if (Result<void> ready = finish(); !ready) {
    kill_and_reap(pidfd);
    remove_control_group(spec.instance);
    return forward_error(std::move(ready));
  }
  container.gate_ = std::move(gate.write);
  container.status_ = std::move(status.read);
  return container;
}

Container::~Container() {
  if (!gate_) return;
  gate_.reset();
  if (pidfd_) kill_and_reap(pidfd_.get());
}

Result<void> Container::release() {
  const char go = 1;
  if (::write(gate_.get(), &go, 1) != 1)
    return fail(Error::from_errno("start: the prepared process is gone"));
  gate_.reset();
  // Exec closes the child's end of the pipe; a message before that says why it failed.
  ChildStatus status;
  ssize_t count = 0;
  do count = ::read(status_.get(), &status, sizeof status);
  while (count < 0 && errno == EINTR);
  status_.reset();
  if (count == 0) return {};
  return fail(Error::from_errno(fmt::format("start: {}", step_name(status.step)), status.error));
}

Result<FileDescriptor> Launcher::start_inside(int container_pidfd, const InsideCommand& command) const {
  if (command.args.empty()) return fail(ErrorCode::invalid, "no command");
  const ExecTexts texts = make_texts(command.args, command.env, command.user, command.working_directory, 0);
  InsidePlan plan;
  fill(plan.exec, texts);
  plan.container = container_pidfd;
  plan.log = command.output;
  set_open_files(plan.exec, command.open_files);
  STRATUS_TRY(groups, open_control_group(command.instance));
  for (std::size_t i = 0; i < groups.size() && i < plan.groups.size(); ++i) plan.groups[i] = groups[i].get();
  plan.exec.seccomp = impl_->filter;
  STRATUS_TRY(gate, make_pipe());
  STRATUS_TRY(status, make_pipe());
  plan.exec.gate = gate.read.get();
  plan.exec.status = status.write.get();
  int pidfd = -1;
  const int our_gate = gate.write.get();
  const long pid = clone_process(0, pidfd);
  if (pid == 0) {
    ::close(our_gate);
    run_inside_child(plan);
  }
  if (pid < 0) return fail(Error::from_errno("start " + command.args.front()));
  FileDescriptor process(pidfd);
  status.write.reset();
  gate.read.reset();
  if (Result<void> ready = read_status(status.read.get(), "run " + command.args.front()); !ready) {
    kill_and_reap(pidfd);
    return forward_error(std::move(ready));
  }
  Container running;
  running.gate_ = std::move(gate.write);
  running.status_ = std::move(status.read);
  if (Result<void> released = running.release(); !released) {
    kill_and_reap(pidfd);
    return forward_error(std::move(released));
  }
  return process;
}

}  // namespace stratus::runtime
