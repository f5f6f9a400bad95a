#include "stratus/gateway/upstream.hpp"

#include <limits>

#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/gateway/chance.hpp"
#include "stratus/gateway/via.hpp"
#include "stratus/update/pacing.hpp"

namespace stratus::gateway {
namespace {

constexpr update::BackOff kAway{Millis(250), Millis(5'000)};
constexpr Millis kPatience(10'000);  // for a small answer

net::ClientOptions client_options(const GatewayConfig& config, std::size_t connections) {
  net::ClientOptions options;
  options.ca_file = config.upstream_ca;
  options.certificate = options.key = config.identity;
  options.max_connections_per_host = connections;
  options.connect_timeout = Millis(5'000);
  return options;
}

}  // namespace

Upstream::Upstream(net::Executor executor, const GatewayConfig& config)
    : url_(config.upstream),
      name_(config.name),
      questions_(net::HttpClient::make(executor, client_options(config, 8))),
      transfers_(net::HttpClient::make(executor, client_options(config, config.no_cache ? 2'000 : 256))) {}

net::ClientRequest Upstream::request(std::string method, const std::string& target,
                                     net::Headers headers) const {
  net::ClientRequest request;
  request.method = std::move(method);
  request.url = url_ + target;
  request.headers = std::move(headers);
  request.headers.set("Via", append_via(request.headers.get("Via").value_or(""), name_));
  return request;
}

void Upstream::note(const Result<net::ClientResponse>& answer) {
  if (answer) {
    if (failures_ > 0) log::info("upstream", "{} answers again", url_);
    failures_ = 0;
    has_answered_ = true;
    return;
  }
  if (answer.error().code() == ErrorCode::cancelled) return;
  if (failures_ == 0) {
    const char* const advice =
        has_answered_ ? "" : " (not one answer since the start: are --upstream and --upstream-ca right?)";
    log::warning("upstream", "away: {}{}", answer.error().text(), advice);
  }
  ++failures_;
  ask_again_ = system_clock().steady() + update::back_off_delay(kAway, failures_, chance());
}

net::Task<Result<net::ClientResponse>> Upstream::ask(std::string method, std::string target,
                                                     net::Headers headers) {
  if (failures_ > 0 && system_clock().steady() < ask_again_) {
    co_return fail(ErrorCode::unavailable, "the upstream " + url_ + " is away; asking it again soon");
  }
  net::ClientRequest question = request(std::move(method), target, std::move(headers));
  question.total_timeout = kPatience;
  question.max_response = 9u << 20;
  auto answer = co_await questions_->send(std::move(question));
  note(answer);
  co_return answer;
}

net::Task<Result<net::ClientResponse>> Upstream::post(std::string target, std::string body, std::string via,
                                                      std::string signature) {
  net::Headers headers = via_headers(std::move(via));
  if (!signature.empty()) headers.set(std::string(crypto::kSignatureHeader), std::move(signature));
  headers.set("Content-Type", "application/json");
  net::ClientRequest question = request("POST", target, std::move(headers));
  question.body = std::move(body);
  question.total_timeout = kPatience;
  auto answer = co_await questions_->send(std::move(question));
  if (answer || answer.error().code() != ErrorCode::timeout) note(answer);
  co_return answer;
}

net::Task<Result<net::ClientResponse>> Upstream::stream(
    std::string target, net::Headers headers, std::function<Result<void>(const net::ClientResponse&)> on_head,
    net::HttpClient::PacedSink sink) {
  net::ClientRequest question = request("GET", target, std::move(headers));
  question.max_response = std::numeric_limits<std::uint64_t>::max();
  auto answer = co_await transfers_->download_paced(std::move(question), std::move(on_head), std::move(sink));
  co_return answer;
}

net::HttpClient::Traffic Upstream::traffic() const {
  const auto questions = questions_->traffic();
  auto sum = transfers_->traffic();
  sum.sent += questions.sent;
  sum.received += questions.received;
  return sum;
}

}  // namespace stratus::gateway
