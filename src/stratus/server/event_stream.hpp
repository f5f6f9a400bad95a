// GET /api/v1/events: the event bus as server-sent events (docs/api.md). One stream may carry every topic, so
// that a browser needs one connection. Runs on the loop.
#pragma once

#include "stratus/server/event_bus.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class EventStream {
 public:
  static constexpr std::size_t kMaxStreams = 500;
  static constexpr std::size_t kMaxPerPrincipal = 50;

  // All must outlive it. `authenticator` is asked again while a stream runs: who lost the right to watch is
  // cut at the next `pulse`.
  EventStream(EventBus& bus, Authenticator& authenticator, Millis pulse = Millis(15'000))
      : bus_(bus), authenticator_(authenticator), pulse_(pulse) {}

  void register_routes(Router& router);
  std::size_t streams() const { return streams_; }

 private:
  net::Task<Result<void>> serve(Call& call);
  net::Task<Result<void>> run(Call& call, std::vector<std::string> topics, std::uint64_t after, bool lost);

  EventBus& bus_;
  Authenticator& authenticator_;
  Millis pulse_;
  std::size_t streams_ = 0;
  std::map<std::string, std::size_t> by_principal_;
};

}  // namespace stratus::server
