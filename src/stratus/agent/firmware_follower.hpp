// Keeps one firmware of this device up to date through its plug-in, beside the service: the same transition
// table, journal, signatures and counters as for an image (update/), with a file and four calls of a program
// in the place of layers and processes (docs/operations/firmware-plugins.md). Runs on the loop; what blocks
// runs on a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <random>

#include <boost/json/fwd.hpp>

#include "stratus/agent/config.hpp"
#include "stratus/agent/firmware_plugin.hpp"
#include "stratus/agent/notifier.hpp"
#include "stratus/agent/state_store.hpp"
#include "stratus/crypto/release_verifier.hpp"
#include "stratus/net/http_client.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/update/transfer_meter.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::agent {

// A firmware as the device trusts it.
struct FirmwareRelease {
  std::string version;
  Digest manifest;
  oci::Descriptor file;
  std::uint64_t counter = 0;
};
// `denied` without a signature by a pinned key over this manifest, name and version, or below `floor`;
// `invalid` when it is signed and no firmware.
Result<FirmwareRelease> check_firmware(std::string_view answer, std::string_view name,
                                       const crypto::ReleaseVerifier& verifier, std::uint64_t floor);

class FirmwareFollower {
 public:
  using Report = std::function<net::Task<Result<void>>(wire::DeviceReport report)>;
  // Opens DATA/firmware/NAME. `config` and `verifier` must outlive it.
  static Result<std::unique_ptr<FirmwareFollower>> make(net::Executor executor, const AgentConfig& config,
                                                        const FirmwareConfig& firmware,
                                                        const crypto::ReleaseVerifier& verifier,
                                                        std::unique_ptr<net::HttpClient> client,
                                                        Report report);

  net::Task<void> run();  // until stop()
  void stop();
  void check_now();
  bool cancel();  // false: nothing is going on
  const std::string& name() const { return firmware_.name; }
  boost::json::object status() const;

 private:
  struct Done {
    update::Event event;
    update::EventDetail detail;
  };
  FirmwareFollower(net::Executor executor, const AgentConfig& config, const FirmwareConfig& firmware,
                   const crypto::ReleaseVerifier& verifier, std::unique_ptr<net::HttpClient> client,
                   Report report, StateStore state);

  const update::DeviceRecord& record() const { return state_.record(); }
  Done done(update::Event event, std::string reason = {}, bool blame = false) const;
  net::Task<update::Action> advance(Done what);
  net::Task<Done> perform(update::Action action);
  net::Task<Done> rest(std::chrono::milliseconds duration);
  net::Task<Done> ask();
  net::Task<Done> plan();
  net::Task<Done> fetch();
  net::Task<Done> unpack();
  net::Task<Done> swap();
  net::Task<Done> watch();
  net::Task<Done> settle(std::string word);
  net::Task<Done> conclude();
  net::Task<Result<PluginAnswer>> call(std::string word, std::string file, bool may_cancel);
  Result<void> need_candidate();
  std::filesystem::path file_of(const Digest& digest, bool partial) const;
  void need_floor();
  void note_floor() const;
  // All but those of the blob with these hex digits.
  void remove_files(std::string_view but = {}) const;

  const AgentConfig& config_;
  FirmwareConfig firmware_;
  std::string image_;  // "firmware/NAME"
  const crypto::ReleaseVerifier& verifier_;
  std::unique_ptr<net::HttpClient> client_;
  Report report_;
  StateStore state_;
  std::filesystem::path directory_;
  net::WorkerPool worker_{"firmware", 1};
  Notifier wake_;
  std::string boot_;
  std::optional<FirmwareRelease> candidate_;
  update::TransferMeter transfer_;
  Digest refused_;  // said once
  std::string problem_;
  std::string last_end_;
  unsigned attempts_ = 0, failures_ = 0, damaged_ = 0;
  bool first_ = true, check_wanted_ = false, by_hand_ = false;
  std::atomic<bool> cancelled_{false}, stopping_{false};  // read by the worker too
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace stratus::agent
