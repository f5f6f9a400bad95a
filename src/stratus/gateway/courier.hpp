// Takes reports and data from devices into the outbox and carries them to the upstream, in order, one at a
// time, for as long as it takes. Belongs to the loop's thread; the outbox lives on a thread of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stratus/gateway/counters.hpp"
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

  std::uint64_t depth() const { return depth_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Waiting {
    OutboxRecord record;
    std::optional<Result<void>> result;
  };
  net::Task<void> store_all();
  net::Task<void> deliver_all();
  net::Task<void> take_over();
  net::Task<bool> deliver_front();
  struct Size {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
  };
  Size measure() const;  // on the outbox's thread
  void note(Size size);

  std::filesystem::path directory_;
  OutboxOptions options_;
  Upstream& upstream_;
  Counters& counters_;
  net::WorkerPool thread_;
  std::unique_ptr<Outbox> outbox_;
  std::vector<std::shared_ptr<Waiting>> waiting_;
  net::Notifier arrived_;  // for the one that stores
  net::Notifier stored_;   // for askers and the one that delivers
  net::TaskGroup tasks_;
  std::uint64_t depth_ = 0;
  std::uint64_t bytes_ = 0;
  bool stopping_ = false;
};

// What the upstream's answer means for a message. Pure. 204 is the only success: a portal's friendly 200 is
// not the server's word.
enum class Delivery : std::uint8_t { taken, rejected, again };
Delivery judge_delivery(int status);

}  // namespace stratus::gateway
