// The one upstream: a server or another gateway. Addresses, patience, and remembering that it is away.
// Belongs to the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "stratus/base/clock.hpp"
#include "stratus/gateway/config.hpp"
#include "stratus/net/http_client.hpp"

namespace stratus::gateway {

class Upstream {
 public:
  Upstream(net::Executor executor, const GatewayConfig& config);

  // A small answer of any status. Fails at once with `unavailable` while the upstream is known to be away, so
  // that a thousand devices do not each wait for a timeout.
  // A Via among the headers is who asked us; our own name is added to it, here and below.
  net::Task<Result<net::ClientResponse>> ask(std::string method, std::string target, net::Headers headers);
  // Tries even then. That one message takes too long does not mean that the upstream is away.
  net::Task<Result<net::ClientResponse>> post(std::string target, std::string body, std::string via,
                                              std::string signature);
  // The body of a 2xx answer at the sink's pace, without a bound of its own.
  net::Task<Result<net::ClientResponse>> stream(
      std::string target, net::Headers headers,
      std::function<Result<void>(const net::ClientResponse&)> on_head, net::HttpClient::PacedSink sink);

  bool away() const { return failures_ > 0; }
  net::HttpClient::Traffic traffic() const;

 private:
  net::ClientRequest request(std::string method, const std::string& target, net::Headers headers) const;
  void note(const Result<net::ClientResponse>& answer);

  std::string url_;
  std::string name_;  // ours
  // Apart, so that long transfers never keep a question waiting.
  std::unique_ptr<net::HttpClient> questions_;
  std::unique_ptr<net::HttpClient> transfers_;
  unsigned failures_ = 0;
  bool has_answered_ = false;  // since the start
  SteadyTime ask_again_{};
};

}  // namespace stratus::gateway
