#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/runtime/seccomp_filter.hpp"

namespace stratus::runtime {
namespace {

// What a service has no business with, by what it would reach.
constexpr auto kDenied = std::to_array<std::string_view>(
    {// mounts and roots
     "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig",
     "fsmount", "fspick", "mount_setattr", "quotactl", "quotactl_fd", "swapon", "swapoff",
     // namespaces
     "setns", "unshare",
     // the kernel itself
     "init_module", "finit_module", "delete_module", "create_module", "query_module", "get_kernel_syms",
     "kexec_load", "kexec_file_load", "reboot", "bpf", "perf_event_open", "lookup_dcookie", "syslog", "acct",
     "nfsservctl", "vserver", "uselib", "sysfs", "_sysctl", "ustat", "modify_ldt", "vm86", "vm86old", "iopl",
     "ioperm", "vhangup", "bdflush",
     // other processes' memory and descriptors
     "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
     // keys, files by handle (leads out of a mount), time of the machine
     "add_key", "request_key", "keyctl", "open_by_handle_at", "name_to_handle_at", "clock_settime",
     "clock_settime64", "clock_adjtime", "clock_adjtime64", "settimeofday", "adjtimex", "stime",
     // large and often abused surfaces
     "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "fanotify_init", "fanotify_mark",
     // memory placement across processes
     "move_pages", "migrate_pages", "mbind", "set_mempolicy",
     // host name
     "sethostname", "setdomainname"});

// Allowed only with some arguments: rules below.
constexpr auto kConditional = std::to_array<std::string_view>({"clone", "clone3", "personality", "socket"});

using Filter = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

Result<void> check(int result, std::string_view what) {
  if (result < 0) return fail(Error::from_errno("seccomp filter: " + std::string(what), -result));
  return {};
}

Result<void> allow_known(scmp_filter_ctx filter) {
  for (int number = 0; number < 1024; ++number) {
    char* const name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    if (name == nullptr) continue;
    const std::string text = name;
    std::free(name);
    if (std::find(kConditional.begin(), kConditional.end(), text) != kConditional.end()) continue;
    const bool denied = std::find(kDenied.begin(), kDenied.end(), text) != kDenied.end();
    STRATUS_CHECK(
        check(::seccomp_rule_add(filter, denied ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW, number, 0), text));
  }
  return {};
}

Result<void> allow_with_conditions(scmp_filter_ctx filter) {
  // New namespaces by clone(): refused. clone3 passes its flags in memory, which a filter cannot see: ENOSYS
  // (the default) makes
  // the C library use clone.
  constexpr scmp_datum_t kNamespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                       CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;
  STRATUS_CHECK(check(::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                         SCMP_A0(SCMP_CMP_MASKED_EQ, kNamespaces, 0)),
                      "clone"));
  // Linux, Linux 32 bit, both with UNAME26, and the question.
  for (const scmp_datum_t persona : {0x0ULL, 0x8ULL, 0x20000ULL, 0x20008ULL, 0xffffffffULL}) {
    STRATUS_CHECK(check(::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(personality), 1,
                                           SCMP_A0(SCMP_CMP_EQ, persona, 0)),
                        "personality"));
  }
  for (const scmp_datum_t family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}) {
    STRATUS_CHECK(check(
        ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, family, 0)),
        "socket"));
  }
  return {};
}

Result<Bytes> export_program(scmp_filter_ctx filter) {
  const FileDescriptor memory(::memfd_create("filter", MFD_CLOEXEC));
  if (!memory) return fail(Error::from_errno("memfd_create"));
  STRATUS_CHECK(check(::seccomp_export_bpf(filter, memory.get()), "export"));
  STRATUS_TRY(size, file_size(memory.get()));
  Bytes program(size);
  STRATUS_CHECK(pread_exact(memory.get(), program, 0));
  return program;
}

}  // namespace

Result<Bytes> make_default_filter() {
  const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), ::seccomp_release);
  if (!filter) return fail(ErrorCode::internal, "seccomp filter: cannot be made");
  // A binary tree instead of a list of some 350 comparisons.
  STRATUS_CHECK(check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimise"));
  STRATUS_CHECK(allow_known(filter.get()));
  STRATUS_CHECK(allow_with_conditions(filter.get()));
  return export_program(filter.get());
}

}  // namespace stratus::runtime
