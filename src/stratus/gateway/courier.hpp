// Takes reports and data from devices into the outbox and carries them to the upstream for as long as it
// takes: in order for each device, several devices at a time. Belongs to the loop's thread; the outbox lives
// on a thread of its own.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stratus/gateway/counters.hpp"
#include "stratus/gateway/delivery_plan.hpp"
#include "stratus/gateway/outbox.hpp"
#include "stratus/gateway/upstream.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/worker_pool.hpp"

namespace stratus::gateway {

class Courier {
 public:
  Courier(net::Executor executor, std::filesystem::path directory, OutboxOptions options, Upstream& upstream,
          Counters& counters);

  // `conflict` while another process has the outbox; with `wait` that is no error, and until it is free
  // messages are refused as `unavailable`.
  Result<void> open(bool wait);
  void start();
  // Durable on return. `unavailable`: no room now, the device tries again later.
  net::Task<Result<void>> accept(OutboxRecord record);
  net::Task<void> stop();

  std::uint64_t depth() const { return size_.messages; }
  std::uint64_t bytes() const { return size_.bytes; }

 private:
  struct Waiting {
    OutboxRecord record;
    std::string target;
    std::size_t size = 0;
    std::optional<Result<void>> result;
  };
  using Batch = std::vector<std::shared_ptr<Waiting>>;
  struct Size {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
  };
  net::Task<void> store_all();
  net::Task<void> deliver_all();
  net::Task<void> deliver(DeliveryPlan::Sending sending);
  net::Task<void> forget(DeliveryPlan::Sending sending);
  net::Task<void> take_over();
  void run();
  void take_in(std::unique_ptr<Outbox> outbox);
  Batch next_batch();
  // On the outbox's thread.
  std::vector<Result<Outbox::Id>> append(const Batch& batch);
  Size measure() const;

  std::filesystem::path directory_;
  OutboxOptions options_;
  Upstream& upstream_;
  Counters& counters_;
  net::WorkerPool thread_;
  std::unique_ptr<Outbox> outbox_;
  DeliveryPlan plan_;
  std::deque<std::shared_ptr<Waiting>> waiting_;
  std::size_t waiting_bytes_ = 0;  // also of the batch that is being stored
  net::Notifier arrived_;          // for the one that stores
  net::Notifier stored_;           // for askers
  net::Notifier changed_;          // for those that deliver
  net::TaskGroup tasks_;
  Size size_;
  bool stopping_ = false;
};

// What the upstream's answer means for a message. Pure. 204 is the only success: a portal's friendly 200 is
// not the server's word. 4xx is the server's last word, but for those about who we are and how often we ask.
enum class Delivery : std::uint8_t { taken, rejected, again };
Delivery judge_delivery(int status);

// "/api/v1/devices/a" of "/api/v1/devices/a/reports": what stays in order. Pure.
std::string device_of_target(std::string_view target);

// Retry-After in seconds, five minutes at most; 0 when there is none that can be used. Pure.
Millis pause_asked_for(std::string_view retry_after);

}  // namespace stratus::gateway
