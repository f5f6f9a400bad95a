// Starts programs in their own mount, pid, ipc, uts and user namespace on an overlay of layer directories
// (docs/security/confinement.md). No container engine and no daemon: the program is pid 1 of its namespace
// and a child of the caller, and it goes on when the caller ends. All mounts live in its namespace only, so
// nothing is left to clean when it has ended.
//
// Starting has two steps: prepare() does everything but the exec and leaves the child waiting, release() lets
// it go. In between the caller notes the process down and stops what it replaces; a caller that dies in
// between takes the waiting child with it.
//
// Needs root. Calls block for a millisecond or two; a Launcher may be used from several threads at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"
#include "stratus/runtime/container_spec.hpp"
#include "stratus/runtime/control_group.hpp"
#include "stratus/runtime/process.hpp"

namespace stratus::runtime {

struct LauncherOptions {
  std::filesystem::path store;  // where layers lie: probed for idmapped mounts
  bool user_namespace = true;   // where the machine can
  // Host id of container root; the range base…base+65535 must belong to nobody.
  std::uint32_t host_base = 1'000'000'000;
};

class Container {
 public:
  Container() = default;
  Container(Container&&) noexcept = default;
  Container& operator=(Container&&) noexcept = default;
  ~Container();

  const ProcessIdentity& identity() const { return identity_; }
  int pidfd() const { return pidfd_.get(); }
  // The descriptor is the caller's from now on.
  FileDescriptor take_pidfd() { return std::move(pidfd_); }
  // What could not be had on this machine ("no memory limit: …").
  const std::vector<std::string>& degradations() const { return degradations_; }

  // Lets the child exec. An error says why it could not ("execute: No such file or directory"); it has ended
  // then. A Container destroyed without release() ends its child.
  Result<void> release();

 private:
  friend class Launcher;
  ProcessIdentity identity_;
  FileDescriptor pidfd_;
  FileDescriptor gate_;
  FileDescriptor status_;
  std::vector<std::string> degradations_;
};

struct InsideCommand {
  std::string instance;  // of the container: the command counts towards its memory and process limits
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string user;
  std::string working_directory;
  std::uint64_t open_files = 0;  // RLIMIT_NOFILE; 0: what the launcher itself has
  int output = -1;               // takes stdout and stderr, stays the caller's; -1: /dev/null
};

class Launcher {
 public:
  static Result<Launcher> make(LauncherOptions options);
  Launcher(Launcher&&) noexcept;
  Launcher& operator=(Launcher&&) noexcept;
  ~Launcher();

  // Why containers run with less than they should here; empty when all is there.
  const std::vector<std::string>& degradations() const;

  Result<Container> prepare(const ContainerSpec& spec) const;

  // Starts a command inside a running container, as confined as the container itself: namespaces, control
  // group, filter, capabilities; a health check, say.
  // The process is a child of the caller: wait_for_exit and reap answer its status; SIGKILL ends it.
  Result<FileDescriptor> start_inside(int container_pidfd, const InsideCommand& command) const;

 private:
  struct Impl;
  explicit Launcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stratus::runtime
