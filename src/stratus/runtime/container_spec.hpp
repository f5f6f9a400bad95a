// What to run and how it is fenced in: the launcher's input, made by the agent out of an image's OCI
// configuration and the device's own settings. A plain value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace stratus::runtime {

struct Volume {
  std::filesystem::path source;  // a directory or file of the host; a missing directory is made
  std::filesystem::path target;  // absolute, inside the container
  bool read_only = false;
};

struct Limits {
  std::uint64_t memory_bytes = 0;  // 0: none
  std::uint64_t pids = 512;        // 0: none
  std::uint64_t open_files = 0;    // RLIMIT_NOFILE; 0: what the launcher itself has
};

struct ContainerSpec {
  // Names the control group and the run-time directory; 1 to 64 of a–z 0–9 '-'.
  std::string instance;
  // Absolute. `layers` and `writable` are relative to it and lie on its file system.
  std::filesystem::path store;
  std::vector<std::string> layers;  // lowest first, at least one
  // A directory for what the container writes ("" = the root is read-only); made if missing, never emptied
  // here.
  std::string writable;
  // What is written stays in memory, at most so many bytes (the kernel answers ENOSPC beyond), and `writable`
  // is only where it is mounted, inside the container's own mount namespace; 0: on disk, without a bound.
  std::uint64_t writable_in_memory = 0;

  std::vector<std::string> args;  // the program and its arguments, looked up in PATH of `env`
  std::vector<std::string> env;   // NAME=value
  std::string user;               // as in OCI: "", "1000", "1000:1000", "name", "name:group"
  std::string working_directory;  // "" = "/"; made if missing
  std::string host_name;          // "" = the host's
  std::vector<Volume> volumes;
  Limits limits;
  std::filesystem::path log_file;  // stdout and stderr are appended; empty: /dev/null
  // Open listening sockets, passed as descriptors 3, 4, … with LISTEN_FDS and LISTEN_PID=1.
  std::vector<int> listen_fds;
};

}  // namespace stratus::runtime
