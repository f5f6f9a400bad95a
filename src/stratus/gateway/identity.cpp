#include "stratus/gateway/identity.hpp"

#include <algorithm>

#include "stratus/base/log.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/gateway/chance.hpp"
#include "stratus/net/enrolment_client.hpp"
#include "stratus/update/pacing.hpp"

namespace stratus::gateway {
namespace {

constexpr update::BackOff kRenewalBackOff{Millis(1'000), Millis(3'600'000)};

net::IdentityFiles files_of(const GatewayConfig& config) {
  return net::IdentityFiles(config.data / "identity");
}

}  // namespace

net::Task<Result<void>> adopt_identity(net::Executor loop, GatewayConfig& config) {
  const net::IdentityFiles files = files_of(config);
  auto own = files.load();
  if (!own) co_return forward_error(std::move(own));
  if (!*own && config.enrol_code.empty()) co_return Result<void>();
  if (!*own) {
    net::EnrolOptions options;
    options.server = config.upstream;
    options.code = config.enrol_code;
    options.ca_file = config.upstream_ca;
    auto enrolled = co_await net::enrol(loop, files, options);
    if (!enrolled)
      co_return forward_error(
          std::move(enrolled).with_context("enrol this gateway at --upstream " + config.upstream));
    *own = std::move(*enrolled);
  }
  if ((*own)->kind != "gateway") {
    co_return fail(ErrorCode::conflict,
                   (*own)->device + " was enrolled as a device: use a code made with --kind gateway");
  }
  log::info("gateway", "is {} to its upstream", (*own)->device);
  config.identity = (*own)->file;
  config.name = (*own)->device;  // the server knows it by this
  auto trust = files.trust_with(config.upstream_ca);
  if (!trust) co_return forward_error(std::move(trust));
  config.upstream_ca = std::move(*trust);
  co_return Result<void>();
}

std::string sign_status(const GatewayConfig& config, const std::string& body) {
  const auto own = files_of(config).load();
  if (!own || !*own) return "";
  const auto now = unix_ms();
  const auto signature = crypto::sign_message((*own)->key, {(*own)->device, "status", now}, body);
  return signature ? *signature : std::string();
}

net::Task<void> keep_identity(net::Executor loop, const GatewayConfig& config,
                              std::function<void()> on_renewed) {
  const net::IdentityFiles files = files_of(config);
  unsigned failures = 0;
  for (;;) {
    const auto own = files.load();
    const WallTime now = system_clock().wall();
    Millis pause(60'000);
    if (own && *own && now < (*own)->renew_after) {
      pause = std::clamp<Millis>((*own)->renew_after - now, Millis(100), Millis(60'000));
    } else if (own && *own) {
      auto renewed = co_await net::renew(loop, files, config.upstream, config.upstream_ca);
      if (renewed) {
        failures = 0;
        on_renewed();
        log::info("gateway", "renewed the certificate, good until {}", format_time(renewed->not_after));
        continue;
      }
      pause = update::back_off_delay(kRenewalBackOff, ++failures, chance());
      log::warning("gateway", "cannot renew the certificate: {}", renewed.error().text());
    }
    co_await net::sleep_for(pause);
  }
}

}  // namespace stratus::gateway
