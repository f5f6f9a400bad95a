// The running versions of the service: started through runtime's launcher, noted in DATA/running so that the
// next agent finds them, watched through their pidfds. What must run needs no room on the disk: its note is
// kept in /run and its root in memory where there is none.
//
// On the agent's loop; what blocks runs on the worker.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stratus/agent/config.hpp"
#include "stratus/agent/image_store.hpp"
#include "stratus/agent/notifier.hpp"
#include "stratus/agent/release.hpp"
#include "stratus/net/http_client.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/runtime/launcher.hpp"
#include "stratus/update/device_record.hpp"

namespace stratus::agent {

// One process of one version.
struct Instance {
  explicit Instance(net::Executor executor) : changed(std::move(executor)) {}

  std::string name;
  update::ReleaseId release;
  std::optional<oci::ImageConfig> image;  // what its checks run by; none: it cannot be read any more
  runtime::ProcessIdentity process;
  FileDescriptor pidfd;
  std::optional<runtime::Container> prepared;  // until it is released
  int stop_signal = 15;
  std::chrono::steady_clock::time_point started;
  bool ended = false;
  bool end_expected = false;
  std::string how_ended;        // "exit status 3: no such table (more in DATA/service.log)"
  std::uint64_t log_begin = 0;  // bytes in the log before it said anything
  std::uint64_t written = 0;    // bytes on disk in its root, when last looked
  Notifier changed;             // when it has ended
};
using InstancePtr = std::shared_ptr<Instance>;

// What an earlier agent started.
struct Found {
  std::vector<InstancePtr> alive;
  std::vector<update::ReleaseId> dead_this_boot;  // ended while no agent watched, the machine went on
};

// What to do where the disk has no room for a root: a version that is tried can wait, the one to return to
// cannot.
enum class OnFullDisk : std::uint8_t { refuse, in_memory };

class ServiceHost {
 public:
  ServiceHost(net::Executor executor, net::WorkerPool& worker, const AgentConfig& config,
              const ImageStore& images, runtime::Launcher launcher);

  // Blocking; once, at start. Leftovers of dead instances are removed.
  Found adopt();
  // The sockets of `service.listen`: new, or taken over from a living instance.
  Result<void> open_sockets(const InstancePtr& from);

  // All but the exec. `end`s nothing else.
  net::Task<Result<InstancePtr>> prepare(const Release& release, OnFullDisk on_full_disk);
  // Notes it down, lets it run, watches it from then on.
  net::Task<Result<void>> release(InstancePtr instance);
  // Watches an adopted one.
  void watch(InstancePtr instance);
  // Stop signal, grace, SIGKILL; returns when it has ended. Idempotent.
  net::Task<void> stop(InstancePtr instance);
  // One look at its health; the error says what is wrong, in the check's own last words where it has any.
  // `internal`: it was not possible to look.
  net::Task<Result<void>> probe(InstancePtr instance, const HealthCheckPlan& plan);

  // Keeps the log bounded and looks how much the instance has written to its root; not on the loop, and not
  // behind an update's unpacking. An instance that has written more than it may is ended, as one that took
  // too much memory is.
  net::Task<void> keep_house(InstancePtr instance);
  const runtime::Launcher& launcher() const { return launcher_; }

 private:
  runtime::ContainerSpec spec_of(const Release& release, const std::string& name) const;
  std::vector<std::filesystem::path> record_paths(const std::string& name) const;
  Result<void> write_record(const Instance& instance) const;
  void remove_record(const Instance& instance) const;
  InstancePtr read_record(const std::filesystem::path& path) const;
  net::Task<void> follow(InstancePtr instance);
  void clean(const Instance& instance) const;
  std::filesystem::path log_file() const { return images_.data() / "service.log"; }
  std::uint64_t log_size() const;  // bytes
  std::string last_said(const Instance& instance) const;
  void rotate_log() const;
  net::Task<void> wait_ended(InstancePtr instance, std::chrono::milliseconds limit);
  net::Task<Result<void>> probe_tcp(const HealthCheckPlan& plan);
  net::Task<Result<void>> probe_http(const HealthCheckPlan& plan);
  net::Task<Result<void>> probe_exec(InstancePtr instance, const HealthCheckPlan& plan);
  std::vector<std::string> environment_of(const oci::ImageConfig& image) const;

  static constexpr std::uint64_t kMaxLog = 1u << 20;         // bytes
  static constexpr std::uint64_t kRootInMemory = 16u << 20;  // bytes, where the disk is full

  net::Executor executor_;
  net::WorkerPool& worker_;
  mutable net::WorkerPool house_{"house", 1};  // removing, measuring, copying the log
  const AgentConfig& config_;
  const ImageStore& images_;
  std::filesystem::path spare_;  // for records that DATA has no room for
  runtime::Launcher launcher_;
  std::vector<FileDescriptor> sockets_;
  std::unique_ptr<net::HttpClient> probe_client_;
  unsigned counter_ = 0;
};

}  // namespace stratus::agent
