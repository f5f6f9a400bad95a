// Brings display contents to the device, beside its service (B73, B74): asks what is to be shown, fetches
// what is missing one file after the other by signed links, and changes the list at once. Runs on the loop;
// what blocks runs on a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/json/fwd.hpp>

#include "stratus/agent/config.hpp"
#include "stratus/agent/content_store.hpp"
#include "stratus/agent/notifier.hpp"
#include "stratus/crypto/release_verifier.hpp"
#include "stratus/net/http_client.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/update/transfer_meter.hpp"
#include "stratus/wire/content_order.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::agent {

class ContentKeeper {
 public:
  // Numbers a report and queues it durably.
  using Report = std::function<net::Task<Result<void>>(wire::DeviceReport report)>;
  // `config` and `verifier` must outlive it.
  ContentKeeper(net::Executor executor, const AgentConfig& config, const crypto::ReleaseVerifier& verifier,
                std::unique_ptr<net::HttpClient> client, Report report);

  net::Task<void> run();  // until stop()
  void stop();
  void check_now();
  // Ends what is going on; false when nothing is.
  bool cancel();
  bool is_busy() const { return order_.has_value(); }
  boost::json::object status() const;

 private:
  enum class End : std::uint8_t { shown, failed, cancelled, away };

  net::Task<Result<std::optional<wire::ContentOrder>>> ask(bool anew);
  net::Task<void> carry_out();
  net::Task<End> bring(std::string& why);
  net::Task<End> fetch(update::ListedFile file, std::string& why);
  net::Task<Result<void>> fetch_once(const update::ListedFile& file);
  net::Task<Result<void>> renew_links();
  const wire::ContentFile* link_of(const update::ListedFile& file) const;
  net::Task<void> tell_shown();
  net::Task<void> tell_end(std::string state, std::string why);
  wire::DeviceReport report_about(const std::string& id, const Digest& manifest) const;

  const AgentConfig& config_;
  const crypto::ReleaseVerifier& verifier_;
  std::unique_ptr<net::HttpClient> client_;
  Report report_;
  net::WorkerPool worker_{"content", 1};
  ContentStore store_;
  Notifier wake_;
  std::optional<wire::ContentOrder> order_;  // under way
  update::ContentList wanted_;               // of it
  std::string state_ = "idle";
  std::string problem_;  // the last one; empty when all is well
  update::TransferMeter transfer_;
  std::uint64_t done_ = 0;     // … and came since, of complete files
  std::uint64_t partial_ = 0;  // … of the file under way
  std::uint64_t began_ms_ = 0;
  std::string last_end_;   // "committed", "failed", "cancelled"
  unsigned failures_ = 0;  // in a row
  bool cancelled_ = false;
  bool full_ = false;  // the disk
  bool stopping_ = false;
};

}  // namespace stratus::agent
