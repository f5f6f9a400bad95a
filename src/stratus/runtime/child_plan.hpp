// The launcher's child, between clone and exec.
//
// The parent may have threads, so in the child only system calls are made: nothing allocates, nothing locks.
// The parent therefore lays everything out beforehand in a ChildPlan, of which the child has a copy-on-write
// copy. Internal to the runtime module.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <time.h>

#include "stratus/base/bytes.hpp"

namespace stratus::runtime {

// Where the child was when something failed; the parent turns it into words.
enum class Step : std::int32_t {
  ready,
  make_mounts_private,
  idmap_store,
  enter_store,
  open_volume,
  mount_memory,
  mount_overlay,
  pivot,
  mount_proc,
  protect_proc,
  mount_sys,
  mount_dev,
  mount_tmp,
  mount_volume,
  volume_link,
  host_name,
  limits,
  descriptors,
  find_user,
  user_namespace,
  capabilities,
  ids,
  working_directory,
  no_new_privileges,
  seccomp,
  join_namespaces,
  join_group,
  execute,
};
std::string_view step_name(Step step);

struct ChildStatus {
  Step step = Step::ready;
  std::int32_t error = 0;
};

struct VolumePlan {
  const char* source;
  const char* target;
  bool read_only;
  bool is_directory;
  int tree = -1;  // detached clone, made by the child before it leaves the host's root
};

// What prepare and run_inside share: from identity to exec.
struct ExecPlan {
  std::vector<const char*> candidates;  // paths to try, null-terminated
  std::vector<const char*> args;        // null-terminated
  std::vector<const char*> env;         // null-terminated; slot `home_slot` is for HOME when it is not set
  std::size_t home_slot = 0;            // 0: HOME is set
  std::string_view user;
  const char* working_directory = "/";
  bool make_working_directory = false;
  int user_namespace = -1;  // -1: none
  BytesView seccomp;        // struct sock_filter[]
  rlimit open_files{};
  int gate = -1;    // one byte: go on to exec; end of file: the parent is gone, so stop
  int status = -1;  // takes ChildStatus
};

struct ChildPlan {
  const char* store = nullptr;
  std::uint32_t host_base = 0;  // host id of container root
  bool idmap = false;
  std::vector<const char*> layers;  // lowest first, relative to the store
  const char* upper = nullptr;      // null: read-only root
  const char* work = nullptr;
  const char* memory_at = nullptr;       // where a tmpfs for both is mounted first; null: they are on disk
  const char* memory_options = nullptr;  // its mount options
  // The image's root directory, for an `upper` that is made in memory.
  std::uint32_t root_uid = 0, root_gid = 0, root_mode = 0755;
  timespec root_times[2]{};
  const char* lower_option = nullptr;  // "lowerdir=…" for kernels without "lowerdir+"; null: too long
  std::vector<VolumePlan> volumes;
  const char* host_name = nullptr;
  int log = -1;
  std::vector<int> listen_fds;
  ExecPlan exec;
};

// Never returns. In a new mount, pid, ipc and uts namespace.
[[noreturn]] void run_child(ChildPlan& plan);

struct InsidePlan {
  int container = -1;  // pidfd
  int log = -1;
  std::array<int, 2> groups{-1, -1};  // cgroup.procs of the container
  ExecPlan exec;
};
// Joins a running container's namespaces, runs the program there and exits with its status. Never returns.
[[noreturn]] void run_inside_child(InsidePlan& plan);

// Parts, defined in child_mounts.cpp.
[[noreturn]] void stop_child(const ExecPlan& plan, Step step, int error);
void build_root(ChildPlan& plan);

}  // namespace stratus::runtime
