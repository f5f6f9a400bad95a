// Only system calls between clone and exec: child_plan.hpp says why.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stratus/runtime/child_plan.hpp"
#include "stratus/runtime/passwd.hpp"

namespace stratus::runtime {
namespace {

// The common default of container engines without NET_RAW, MKNOD, AUDIT_WRITE and SETFCAP.
constexpr std::uint64_t kCapabilities =
    (1ULL << CAP_CHOWN) | (1ULL << CAP_DAC_OVERRIDE) | (1ULL << CAP_FSETID) | (1ULL << CAP_FOWNER) |
    (1ULL << CAP_SETGID) | (1ULL << CAP_SETUID) | (1ULL << CAP_SETPCAP) | (1ULL << CAP_NET_BIND_SERVICE) |
    (1ULL << CAP_SYS_CHROOT) | (1ULL << CAP_KILL);
constexpr int kHighestCapability = 63;

constexpr std::size_t kMaxAccountFile = 256 * 1024;
constexpr std::size_t kMaxPassed = 64;  // sockets; the launcher refuses more
constexpr std::size_t kMaxKept =
    kMaxPassed + 6;  // and gate, status, log, user namespace or container, groups

// A whole small file in fresh pages, cut at the bound; empty when it is not there.
std::string_view read_small(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return {};
  void* const memory =
      ::mmap(nullptr, kMaxAccountFile, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::size_t size = 0;
  if (memory != MAP_FAILED) {
    ssize_t count = 0;
    while (size < kMaxAccountFile &&
           (count = ::read(fd, static_cast<char*>(memory) + size, kMaxAccountFile - size)) > 0) {
      size += static_cast<std::size_t>(count);
    }
  }
  ::close(fd);
  return {static_cast<const char*>(memory), size};
}

// Signals as a fresh program expects them.
void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Closes what the child has of the parent's descriptors, but for `kept` and the standard streams. Long before
// exec: an image may name /proc/self/fd/N as its working directory, and a process that waits for a command
// inside must not hold the parent's locks and pipes for as long as that command runs.
void close_foreign_descriptors(std::array<int, kMaxKept>& kept, std::size_t count) {
  std::sort(kept.begin(), kept.begin() + count);
  unsigned next = 3;
  for (std::size_t i = 0; i < count; ++i) {
    if (kept[i] < 3) continue;
    const auto fd = static_cast<unsigned>(kept[i]);
    if (fd > next) ::syscall(SYS_close_range, next, fd - 1, 0U);
    next = fd + 1;
  }
  ::syscall(SYS_close_range, next, ~0U, 0U);
}

// Standard streams and passed sockets in their places, everything else closed at exec.
void arrange_descriptors(const ExecPlan& exec, int log, const std::vector<int>& listen_fds) {
  // Out of the way first: a source may lie where another one's target is.
  static std::array<int, kMaxPassed> safe;
  const std::size_t count = listen_fds.size() < safe.size() ? listen_fds.size() : safe.size();
  for (std::size_t i = 0; i < count; ++i) {
    safe[i] = ::fcntl(listen_fds[i], F_DUPFD_CLOEXEC, 1000);
    if (safe[i] < 0) safe[i] = ::fcntl(listen_fds[i], F_DUPFD_CLOEXEC, 100);
    if (safe[i] < 0) stop_child(exec, Step::descriptors, errno);
  }
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) stop_child(exec, Step::descriptors, errno);
  if (::dup2(null, 0) < 0 || ::dup2(log >= 0 ? log : null, 1) < 0 || ::dup2(log >= 0 ? log : null, 2) < 0) {
    stop_child(exec, Step::descriptors, errno);
  }
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
    stop_child(exec, Step::descriptors, errno);
  for (std::size_t i = 0; i < count; ++i) {
    if (::dup2(safe[i], 3 + static_cast<int>(i)) < 0) stop_child(exec, Step::descriptors, errno);
  }
}

void drop_bounding_set(const ExecPlan& exec) {
  for (int capability = 0; capability <= kHighestCapability; ++capability) {
    if ((kCapabilities >> capability & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 &&
        errno != EINVAL) {  // EINVAL: not in this kernel
      stop_child(exec, Step::capabilities, errno);
    }
  }
}

void set_capabilities(const ExecPlan& exec, std::uint64_t wanted) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  for (std::size_t half = 0; half < 2; ++half) {
    data[half].effective = data[half].permitted = static_cast<std::uint32_t>(wanted >> (32 * half));
  }
  if (::syscall(SYS_capset, &header, data.data()) != 0) stop_child(exec, Step::capabilities, errno);
}

// Raw calls: the C library's would signal other threads, of which the child only has the memory.
void become(const ExecPlan& exec, const UserIds& ids) {
  if (::syscall(SYS_setgroups, ids.group_count, ids.groups.data()) != 0 ||
      ::syscall(SYS_setresgid, ids.gid, ids.gid, ids.gid) != 0 ||
      ::syscall(SYS_setresuid, ids.uid, ids.uid, ids.uid) != 0) {
    stop_child(exec, Step::ids, errno);
  }
  if (ids.uid == 0) set_capabilities(exec, kCapabilities);  // setresuid has cleared them for anybody else
}

void enter_working_directory(const ExecPlan& exec) {
  static std::array<char, 4096> path;
  if (exec.make_working_directory) {
    std::strncpy(path.data(), exec.working_directory, path.size() - 1);
    for (char* at = path.data() + 1; *at != 0; ++at) {
      if (*at != '/') continue;
      *at = 0;
      ::mkdir(path.data(), 0755);
      *at = '/';
    }
    ::mkdir(path.data(), 0755);
  }
  if (::chdir(exec.working_directory) != 0) stop_child(exec, Step::working_directory, errno);
}

void set_home(ExecPlan& exec, const UserIds& ids) {
  static std::array<char, 512> text{"HOME="};
  if (exec.home_slot == 0) return;
  const std::string_view home = ids.home.empty() ? std::string_view("/") : ids.home;
  const std::size_t length = home.size() < text.size() - 6 ? home.size() : text.size() - 6;
  std::memcpy(text.data() + 5, home.data(), length);
  exec.env[exec.home_slot] = text.data();
}

void confine(ExecPlan& exec, const UserIds& ids) {
  if (exec.user_namespace >= 0 && ::setns(exec.user_namespace, CLONE_NEWUSER) != 0) {
    stop_child(exec, Step::user_namespace, errno);
  }
  drop_bounding_set(exec);
  become(exec, ids);
  enter_working_directory(exec);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) stop_child(exec, Step::no_new_privileges, errno);
}

void limit_resources(const ExecPlan& exec) {
  const rlimit no_core{0, 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0 || ::setrlimit(RLIMIT_NOFILE, &exec.open_files) != 0) {
    stop_child(exec, Step::limits, errno);
  }
}

void load_filter(const ExecPlan& exec) {
  const sock_fprog program{
      static_cast<unsigned short>(exec.seccomp.size() / sizeof(sock_filter)),
      const_cast<sock_filter*>(reinterpret_cast<const sock_filter*>(exec.seccomp.data()))};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &program) != 0) {
    stop_child(exec, Step::seccomp, errno);
  }
}

UserIds find_user(const ExecPlan& exec) {
  UserIds ids;
  if (!resolve_user(exec.user, read_small("/etc/passwd"), read_small("/etc/group"), ids)) {
    stop_child(exec, Step::find_user, ENOENT);
  }
  return ids;
}

void report(const ExecPlan& exec, Step step, int error) {
  const ChildStatus status{step, error};
  (void)!::write(exec.status, &status, sizeof status);
}

[[noreturn]] void wait_and_execute(const ExecPlan& exec) {
  report(exec, Step::ready, 0);
  char byte = 0;
  ssize_t count = 0;
  do count = ::read(exec.gate, &byte, 1);
  while (count < 0 && errno == EINTR);
  if (count != 1) ::_exit(125);  // the launcher ended before it had noted us down
  int error = ENOENT;
  for (const char* const path : exec.candidates) {
    if (path == nullptr) break;
    ::execve(path, const_cast<char* const*>(exec.args.data()), const_cast<char* const*>(exec.env.data()));
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
  }
  stop_child(exec, Step::execute, error);
}

}  // namespace

void stop_child(const ExecPlan& plan, Step step, int error) {
  report(plan, step, error);
  ::_exit(125);
}

void run_child(ChildPlan& plan) {
  ExecPlan& exec = plan.exec;
  ::setsid();
  reset_signals();
  std::array<int, kMaxKept> kept{exec.gate, exec.status, exec.user_namespace, plan.log};
  std::size_t count = 4;
  for (const int socket : plan.listen_fds) {
    if (count < kept.size()) kept[count++] = socket;
  }
  close_foreign_descriptors(kept, count);
  ::umask(0022);
  // Files are made as the container's root, but with this process's rights.
  ::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
  ::setfsgid(plan.host_base);
  ::setfsuid(plan.host_base);
  build_root(plan);
  if (plan.host_name != nullptr && ::sethostname(plan.host_name, std::strlen(plan.host_name)) != 0) {
    stop_child(exec, Step::host_name, errno);
  }
  limit_resources(exec);
  const UserIds ids = find_user(exec);
  set_home(exec, ids);
  ::setfsuid(0);
  ::setfsgid(0);
  ::prctl(PR_SET_SECUREBITS, 0, 0, 0, 0);
  confine(exec, ids);
  arrange_descriptors(exec, plan.log, plan.listen_fds);
  load_filter(exec);
  wait_and_execute(exec);
}

void run_inside_child(InsidePlan& plan) {
  ExecPlan& exec = plan.exec;
  reset_signals();
  std::array<int, kMaxKept> kept{exec.gate, exec.status,    plan.container,
                                 plan.log,  plan.groups[0], plan.groups[1]};
  close_foreign_descriptors(kept, 6);
  for (const int group : plan.groups) {
    if (group >= 0 && ::write(group, "0", 1) != 1) stop_child(exec, Step::join_group, errno);
    if (group >= 0) ::close(group);
  }
  // Until its exec the container could look at it as at a process of its own: not into its descriptors.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (::setns(plan.container, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS) != 0) {
    stop_child(exec, Step::join_namespaces, errno);
  }
  limit_resources(exec);
  const UserIds ids = find_user(exec);
  set_home(exec, ids);
  // EINVAL: the container runs in our own user namespace.
  if (::setns(plan.container, CLONE_NEWUSER) != 0 && errno != EINVAL) {
    stop_child(exec, Step::user_namespace, errno);
  }
  // Joining a pid namespace counts for children only.
  const long pid = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid < 0) stop_child(exec, Step::join_namespaces, errno);
  if (pid == 0) {
    ::setsid();
    confine(exec, ids);
    arrange_descriptors(exec, plan.log, {});
    // Ends with its parent, which the launcher kills when the time is over.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    load_filter(exec);
    wait_and_execute(exec);
  }
  ::close(exec.gate);
  ::close(exec.status);
  int status = 0;
  while (::waitpid(static_cast<int>(pid), &status, 0) < 0 && errno == EINTR) {
  }
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

}  // namespace stratus::runtime
