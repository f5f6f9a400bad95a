#include "stratus/gateway/self_report.hpp"

#include <algorithm>

#include "stratus/base/log.hpp"
#include "stratus/base/random.hpp"

namespace stratus::gateway {
namespace {

// A server that knows nothing of gateways, or of this one, is not asked often.
constexpr Millis kRefusedPause(300'000);

}  // namespace

SelfReport::SelfReport(Upstream& upstream, std::string name, Millis interval,
                       std::function<void(wire::GatewayStatus&)> fill, Sign sign)
    : upstream_(upstream),
      target_("/api/v1/gateways/" + net::percent_encode(name) + "/status"),
      boot_(random_hex(8)),
      interval_(interval),
      fill_(std::move(fill)),
      sign_(std::move(sign)),
      started_(system_clock().steady()) {}

void SelfReport::heard(const std::string& device) {
  if (interval_ > Millis(0) && devices_.size() < kMostDevices) devices_.insert(device);
}

wire::GatewayStatus SelfReport::next_word() {
  wire::GatewayStatus word;
  word.boot = boot_;
  word.interval_ms = static_cast<std::uint64_t>(interval_.count());
  word.uptime_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<Millis>(system_clock().steady() - started_).count());
  fill_(word);
  while (!devices_.empty() && word.devices.size() < wire::GatewayStatus::kMaxDevices)
    word.devices.push_back(std::move(devices_.extract(devices_.begin()).value()));
  return word;
}

net::Task<bool> SelfReport::say() {
  wire::GatewayStatus word = next_word();
  std::string body = wire::encode_gateway_status(word);
  const std::string no_via;
  std::string signature = sign_(body);
  auto answer = co_await upstream_.post(target_, std::move(body), no_via, std::move(signature));
  const bool taken = answer && answer->status == 204;
  const bool refuses = answer && answer->status >= 400 && answer->status < 500 && answer->status != 429;
  if (refuses && !refused_)
    log::warning("gateway", "the upstream takes no word about this gateway: {} {}", answer->status,
                 answer->body.substr(0, 200));
  refused_ = refuses;
  if (!taken && !refuses) {
    for (std::string& device : word.devices) heard(device);
  }
  co_return taken;
}

net::Task<void> SelfReport::run() {
  if (interval_ <= Millis(0)) co_return;
  for (;;) {
    bool more = true;
    for (int word = 0; more && word < kMostWords; ++word) {
      const bool taken = co_await say();
      more = taken && devices_.size() >= wire::GatewayStatus::kMaxDevices;
    }
    const Millis pause = refused_ ? std::max(interval_, kRefusedPause) : interval_;
    co_await net::sleep_for(pause);
  }
}

}  // namespace stratus::gateway
