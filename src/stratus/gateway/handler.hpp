// The gateway's parts together, and which of them answers a request. Belongs to the loop's thread.
#pragma once

#include <memory>

#include "stratus/gateway/answer_store.hpp"
#include "stratus/gateway/answers.hpp"
#include "stratus/gateway/api_path.hpp"
#include "stratus/gateway/blob_cache.hpp"
#include "stratus/gateway/config.hpp"
#include "stratus/gateway/courier.hpp"
#include "stratus/gateway/local_broker.hpp"
#include "stratus/gateway/next_answers.hpp"
#include "stratus/gateway/passage.hpp"
#include "stratus/gateway/revocations.hpp"
#include "stratus/gateway/self_report.hpp"
#include "stratus/oci/registry_route.hpp"

namespace stratus::gateway {

class GatewayHandler {
 public:
  GatewayHandler(net::Executor loop, const GatewayConfig& config,
                 std::unique_ptr<store::FileBlobStore> store);

  Result<void> load();  // blocks
  void start();
  net::Task<void> handle(net::Exchange& exchange);
  net::Task<void> stop();

  Upstream& upstream() { return upstream_; }
  // Who may have what; before start. Must outlive it. Without, everybody may.
  void use_revocations(Revocations& revocations) { revocations_ = &revocations; }
  void use_broker(const LocalBroker& broker) { broker_ = &broker; }

 private:
  net::Task<Result<void>> registry(net::Exchange& exchange);
  net::Task<Result<void>> blob(net::Exchange& exchange, const oci::RegistryRoute& route);
  net::Task<Result<void>> manifest(net::Exchange& exchange, const oci::RegistryRoute& route);
  net::Task<Result<void>> list(net::Exchange& exchange);
  net::Task<Result<void>> api(net::Exchange& exchange);
  net::Task<Result<void>> next(net::Exchange& exchange, std::string name);
  net::Task<Result<void>> file(net::Exchange& exchange, ApiPath path);
  net::Task<Result<void>> message(net::Exchange& exchange, ApiPath path);
  net::Task<Result<void>> carry(net::Exchange& exchange, std::size_t limit);
  net::Task<Result<void>> pass_on(net::Exchange& exchange);
  net::Task<void> respond_metrics(net::Exchange& exchange);
  net::Task<Result<void>> revocations(net::Exchange& exchange);
  void describe(wire::GatewayStatus& status) const;
  bool is_our_own(const net::RequestHead& request) const;
  Result<void> check(const net::Exchange& exchange, std::string_view device = {}) const;

  GatewayConfig config_;
  Counters counters_;
  std::unique_ptr<store::FileBlobStore> store_;
  AnswerStore answer_store_;
  net::WorkerPool files_;
  Upstream upstream_;
  Passage passage_;
  Answers answers_;
  NextAnswers next_;
  BlobCache blobs_;
  Courier courier_;
  Revocations* revocations_ = nullptr;
  const LocalBroker* broker_ = nullptr;
  SelfReport self_;
  net::TaskGroup tasks_;
};

}  // namespace stratus::gateway
