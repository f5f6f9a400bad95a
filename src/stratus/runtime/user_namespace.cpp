#include "stratus/runtime/user_namespace.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stratus::runtime {
namespace {

// A process in a new user namespace that ends when the pipe's other end is closed.
Result<int> start_holder(int read_end, int write_end) {
  clone_args args{};
  args.flags = CLONE_NEWUSER;
  args.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) return fail(Error::from_errno("make a user namespace"));
  if (pid == 0) {  // only async-signal-safe calls: other threads may have held locks
    ::close(write_end);
    char byte = 0;
    (void)!::read(read_end, &byte, 1);
    ::_exit(0);
  }
  return static_cast<int>(pid);
}

Result<void> write_map(const std::string& path, std::uint32_t host_base) {
  STRATUS_TRY(fd, open_file(path, O_WRONLY));
  return write_all(fd.get(), as_bytes(fmt::format("0 {} {}\n", host_base, kMappedIds))).with_context(path);
}

}  // namespace

Result<FileDescriptor> make_user_namespace(std::uint32_t host_base) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Error::from_errno("pipe"));
  const FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  STRATUS_TRY(pid, start_holder(read_end.get(), write_end.get()));
  const auto configure = [&, holder = pid]() -> Result<FileDescriptor> {
    const std::string directory = fmt::format("/proc/{}/", holder);
    STRATUS_CHECK(write_map(directory + "uid_map", host_base));
    STRATUS_CHECK(write_map(directory + "gid_map", host_base));
    return open_file(directory + "ns/user", O_RDONLY);
  };
  Result<FileDescriptor> made = configure();
  write_end.reset();
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return made;
}

Result<void> probe_idmapped_overlay(int user_namespace, const std::filesystem::path& store) {
  utsname system{};
  int major = 0;
  int minor = 0;
  ::uname(&system);
  if (std::sscanf(system.release, "%d.%d", &major, &minor) != 2 || major < 5 || (major == 5 && minor < 19)) {
    return fail(ErrorCode::unavailable,
                fmt::format("kernel {} has no overlayfs on idmapped mounts (5.19)", system.release));
  }
  const FileDescriptor tree(::open_tree(AT_FDCWD, store.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree) return fail(Error::from_errno("open_tree " + store.string()));
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(user_namespace);
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    const int number = errno;
    return fail(ErrorCode::unavailable,
                Error::from_errno("idmapped mount of " + store.string(), number).text());
  }
  return {};
}

}  // namespace stratus::runtime
