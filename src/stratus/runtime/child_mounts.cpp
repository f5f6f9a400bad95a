// The container's file system: overlay, pivot_root, proc, sys, dev and the volumes. Only system calls
// (child_plan.hpp says why). Masked and read-only paths are those of the OCI runtimes' default configuration.
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "stratus/runtime/child_plan.hpp"

namespace stratus::runtime {
namespace {

constexpr unsigned kQuiet = MS_NOSUID | MS_NODEV | MS_NOEXEC;

constexpr auto kMaskedPaths = std::to_array<const char*>(
    {"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
     "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
     "/sys/devices/virtual/powercap"});
constexpr auto kReadOnlyPaths =
    std::to_array<const char*>({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"});

struct Node {
  const char* path;
  unsigned minor;
  unsigned major;
};
constexpr auto kNodes = std::to_array<Node>({{"/dev/null", 3, 1},
                                             {"/dev/zero", 5, 1},
                                             {"/dev/full", 7, 1},
                                             {"/dev/random", 8, 1},
                                             {"/dev/urandom", 9, 1},
                                             {"/dev/tty", 0, 5}});
constexpr auto kLinks = std::to_array<std::array<const char*, 2>>({{"/proc/self/fd", "/dev/fd"},
                                                                   {"/proc/self/fd/0", "/dev/stdin"},
                                                                   {"/proc/self/fd/1", "/dev/stdout"},
                                                                   {"/proc/self/fd/2", "/dev/stderr"},
                                                                   {"pts/ptmx", "/dev/ptmx"}});

void idmap(const ChildPlan& plan, int tree, Step step) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(plan.exec.user_namespace);
  if (::mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    stop_child(plan.exec, step, errno);
  }
}

int clone_tree(const ChildPlan& plan, const char* path, Step step) {
  const int tree = ::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT);
  if (tree < 0) stop_child(plan.exec, step, errno);
  return tree;
}

void attach(const ChildPlan& plan, int tree, const char* target, Step step) {
  if (::move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) != 0)
    stop_child(plan.exec, step, errno);
  ::close(tree);
}

void set_read_only(const ChildPlan& plan, int tree, Step step) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    stop_child(plan.exec, step, errno);
  }
}

void mount_at(const ChildPlan& plan, const char* type, const char* target, unsigned long flags,
              const char* options, Step step) {
  if (::mount(type, target, type, flags, options) != 0) stop_child(plan.exec, step, errno);
}

// mkdir -p below the new root, one name at a time and through no link: a link of the image, or one that the
// service left in another volume, would put our mount somewhere else. Answers an O_PATH descriptor of the
// last name, made as a file when `file`.
int make_path(const ChildPlan& plan, char* path, bool file) {
  int at = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  char* name = path;
  while (at >= 0) {
    while (*name == '/') ++name;
    if (*name == 0) return at;
    char* const end = ::strchrnul(name, '/');
    char* rest = end;
    while (*rest == '/') ++rest;
    const bool last = *rest == 0;
    const char mark = *end;
    *end = 0;
    const bool as_file = last && file;
    if (!as_file) {
      (void)::mkdirat(at, name, 0755);
    } else if (const int made = ::openat(at, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
               made >= 0) {
      ::close(made);
    }
    const int next = ::openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | (as_file ? 0 : O_DIRECTORY));
    struct stat status {};
    if (next < 0 && (errno == ENOTDIR || errno == ELOOP)) stop_child(plan.exec, Step::volume_link, errno);
    if (next < 0) stop_child(plan.exec, Step::mount_volume, errno);
    if (as_file && (::fstat(next, &status) != 0 || S_ISLNK(status.st_mode))) {
      stop_child(plan.exec, Step::volume_link, ENOTDIR);
    }
    *end = mark;
    ::close(at);
    at = next;
    name = rest;
  }
  stop_child(plan.exec, Step::mount_volume, errno);
}

// A mount point that the image made a symbolic link could put our mount over something else of the image.
void require_directory(const ChildPlan& plan, const char* path, Step step) {
  ::mkdir(path, 0755);
  const int fd = ::open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) stop_child(plan.exec, step, errno);
  ::close(fd);
}

// Linux 6.8 takes layers one by one, so that no option is longer than a path. False: not this kernel.
bool configure_layers(const ChildPlan& plan, int context) {
  for (auto layer = plan.layers.rbegin(); layer != plan.layers.rend(); ++layer) {
    if (::fsconfig(context, FSCONFIG_SET_STRING, "lowerdir+", *layer, 0) == 0) continue;
    if (layer == plan.layers.rbegin() && errno == EINVAL) return false;
    stop_child(plan.exec, Step::mount_overlay, errno);
  }
  return true;
}

int mount_overlay_by_options(const ChildPlan& plan) {
  if (plan.lower_option == nullptr) stop_child(plan.exec, Step::mount_overlay, E2BIG);
  // Older kernels: everything in one page of options, with paths relative to the store.
  if (::mount("overlay", "merged", "overlay", plan.upper == nullptr ? MS_RDONLY : 0, plan.lower_option) !=
      0) {
    stop_child(plan.exec, Step::mount_overlay, errno);
  }
  return -1;
}

// The tmpfs is not mapped: its files get the container's host ids as they are, and so the container sees its
// own.
void mount_memory(const ChildPlan& plan) {
  if (plan.memory_at == nullptr) return;
  mount_at(plan, "tmpfs", plan.memory_at, MS_NOSUID | MS_NODEV, plan.memory_options, Step::mount_memory);
  for (const char* const path : {plan.upper, plan.work}) {
    if (::mkdir(path, 0755) != 0 || ::chown(path, plan.host_base, plan.host_base) != 0) {
      stop_child(plan.exec, Step::mount_memory, errno);
    }
  }
  if (::chown(plan.upper, plan.host_base + plan.root_uid, plan.host_base + plan.root_gid) != 0 ||
      ::chmod(plan.upper, plan.root_mode) != 0 ||
      ::utimensat(AT_FDCWD, plan.upper, plan.root_times, 0) != 0) {
    stop_child(plan.exec, Step::mount_memory, errno);
  }
}

int mount_overlay(const ChildPlan& plan) {
  const int context = ::fsopen("overlay", FSOPEN_CLOEXEC);
  if (context < 0 || !configure_layers(plan, context)) return mount_overlay_by_options(plan);
  if (plan.upper != nullptr && (::fsconfig(context, FSCONFIG_SET_STRING, "upperdir", plan.upper, 0) != 0 ||
                                ::fsconfig(context, FSCONFIG_SET_STRING, "workdir", plan.work, 0) != 0)) {
    stop_child(plan.exec, Step::mount_overlay, errno);
  }
  if (::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    stop_child(plan.exec, Step::mount_overlay, errno);
  }
  const int mount = ::fsmount(context, FSMOUNT_CLOEXEC, plan.upper == nullptr ? MOUNT_ATTR_RDONLY : 0);
  if (mount < 0) stop_child(plan.exec, Step::mount_overlay, errno);
  ::close(context);
  return mount;
}

void enter_store(const ChildPlan& plan) {
  if (plan.idmap) {
    const int tree = clone_tree(plan, plan.store, Step::idmap_store);
    idmap(plan, tree, Step::idmap_store);
    // Attached, over itself: before Linux 6.15 overlayfs refuses layers on a detached mount.
    attach(plan, tree, plan.store, Step::idmap_store);
  }
  if (::chdir(plan.store) != 0) stop_child(plan.exec, Step::enter_store, errno);
}

void open_volumes(ChildPlan& plan) {
  for (VolumePlan& volume : plan.volumes) {
    volume.tree = clone_tree(plan, volume.source, Step::open_volume);
    if (plan.idmap) idmap(plan, volume.tree, Step::open_volume);
    if (volume.read_only) set_read_only(plan, volume.tree, Step::open_volume);
  }
}

void pivot(const ChildPlan& plan, int overlay) {
  // A place to put the root on for a moment: any directory of the store does; "merged" is one.
  if (overlay >= 0) attach(plan, overlay, "merged", Step::pivot);
  if (::chdir("merged") != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 || ::umount2(".", MNT_DETACH) != 0 ||
      ::chdir("/") != 0) {
    stop_child(plan.exec, Step::pivot, errno);
  }
}

void mount_dev(const ChildPlan& plan) {
  require_directory(plan, "/dev", Step::mount_dev);
  mount_at(plan, "tmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k", Step::mount_dev);
  for (const Node& node : kNodes) {
    if (::mknod(node.path, S_IFCHR | 0666, ::makedev(node.major, node.minor)) != 0) {
      stop_child(plan.exec, Step::mount_dev, errno);
    }
  }
  for (const auto& [target, path] : kLinks) (void)::symlink(target, path);
  ::mkdir("/dev/pts", 0755);
  ::mkdir("/dev/shm", 0755);
  mount_at(plan, "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620",
           Step::mount_dev);
  mount_at(plan, "tmpfs", "/dev/shm", kQuiet, "mode=1777,size=64m", Step::mount_dev);
}

// Files are covered by /dev/null, directories by an empty read-only tmpfs.
void mask(const ChildPlan& plan, const char* path) {
  struct stat status {};
  if (::lstat(path, &status) != 0) return;
  if (S_ISDIR(status.st_mode)) {
    mount_at(plan, "tmpfs", path, kQuiet | MS_RDONLY, "size=4k,mode=755", Step::protect_proc);
  } else {
    attach(plan, clone_tree(plan, "/dev/null", Step::protect_proc), path, Step::protect_proc);
  }
}

void mount_kernel_views(const ChildPlan& plan) {
  require_directory(plan, "/proc", Step::mount_proc);
  mount_at(plan, "proc", "/proc", kQuiet, nullptr, Step::mount_proc);
  require_directory(plan, "/sys", Step::mount_sys);
  mount_at(plan, "sysfs", "/sys", kQuiet | MS_RDONLY, nullptr, Step::mount_sys);
}

void protect_kernel_views(const ChildPlan& plan) {
  for (const char* const path : kMaskedPaths) mask(plan, path);
  for (const char* const path : kReadOnlyPaths) {
    const int tree = ::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0 && errno == ENOENT) continue;
    if (tree < 0) stop_child(plan.exec, Step::protect_proc, errno);
    set_read_only(plan, tree, Step::protect_proc);
    attach(plan, tree, path, Step::protect_proc);
  }
}

void mount_volumes(const ChildPlan& plan) {
  static std::array<char, 4096> path;
  for (const VolumePlan& volume : plan.volumes) {
    std::strncpy(path.data(), volume.target, path.size() - 1);
    const int target = make_path(plan, path.data(), !volume.is_directory);
    if (::move_mount(volume.tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
      stop_child(plan.exec, Step::mount_volume, errno);
    }
    ::close(target);
    ::close(volume.tree);
  }
}

}  // namespace

void build_root(ChildPlan& plan) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    stop_child(plan.exec, Step::make_mounts_private, errno);
  }
  open_volumes(plan);
  enter_store(plan);
  mount_memory(plan);
  pivot(plan, mount_overlay(plan));
  mount_kernel_views(plan);
  mount_dev(plan);
  protect_kernel_views(plan);
  require_directory(plan, "/tmp", Step::mount_tmp);
  mount_at(plan, "tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777,size=64m", Step::mount_tmp);
  require_directory(plan, "/run", Step::mount_tmp);
  mount_at(plan, "tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755,size=64m", Step::mount_tmp);
  mount_volumes(plan);
}

}  // namespace stratus::runtime
