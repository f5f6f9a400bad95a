#include "stratus/gateway/gateway.hpp"

#include <fmt/format.h>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/base/program_pages.hpp"
#include "stratus/crypto/certificate.hpp"
#include "stratus/crypto/certificate_names.hpp"
#include "stratus/gateway/handler.hpp"
#include "stratus/gateway/identity.hpp"
#include "stratus/gateway/local_broker.hpp"
#include "stratus/gateway/revocations.hpp"
#include "stratus/net/listen_address.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::gateway {
namespace {

Result<net::ServerOptions> listen_options(const GatewayConfig& config) {
  STRATUS_TRY(listen, net::parse_listen_address(config.listen));
  net::ServerOptions options;
  options.address = listen.address;
  options.port = listen.port;
  options.reuse_port = config.reuse_port;
  return options;
}

// What it shows to devices. A certificate in DATA/tls goes first: an operator's, or one made here before. An
// enrolled gateway without one shows what the fleet's own authority gave it, so that devices which know
// nothing but the root (microcontrollers) accept it. Only one that stands for no name makes its own.
Result<net::ServerTls> server_tls(const GatewayConfig& config) {
  const std::filesystem::path directory = config.data / "tls";
  std::error_code ignored;
  if (!config.identity.empty() && !std::filesystem::exists(directory / "gateway.pem", ignored)) {
    STRATUS_TRY(own, read_file(config.identity, 64 << 10));
    if (crypto::has_server_names(own)) return net::ServerTls{config.identity, config.identity};
  }
  crypto::CertificateOptions certificate;
  certificate.common_name = crypto::kGatewayCommonName;
  certificate.names = crypto::default_server_names();
  certificate.now = system_clock().wall();
  STRATUS_TRY(files, crypto::ensure_tls_files(directory, "gateway", certificate));
  return net::ServerTls{files.certificate, files.key};
}

// Devices that have a certificate show it; who has none is judged when it asks for something.
void ask_for_certificates(net::ServerTls& tls, const Revocations& revocations) {
  tls.client_ca = revocations.client_ca();
  tls.admit = [&revocations](const crypto::CertificateInfo& peer) { return revocations.admits(peer); };
}

net::Task<void> stop_after(GatewayHandler& gateway, Millis grace) {
  co_await net::sleep_for(grace);
  co_await gateway.stop();
}

}  // namespace

net::Task<Result<void>> serve(net::Executor loop, GatewayConfig config,
                              std::function<void(const std::string& url, const std::string& mqtt)> ready) {
  STRATUS_CO_CHECK(make_directories(config.data).with_context("--data"));
  STRATUS_CO_CHECK(keep_name(config));
  auto options = listen_options(config);
  if (!options) co_return forward_error(std::move(options));
  auto adopted = co_await adopt_identity(loop, config);
  if (!adopted) co_return adopted;
  if (!config.plain_http) {
    auto tls = server_tls(config);
    if (!tls) co_return forward_error(std::move(tls));
    options->tls = std::move(*tls);
  }
  auto store = store::FileBlobStore::open(config.data);
  if (!store) co_return forward_error(std::move(store));
  const std::string address = options->address;
  GatewayHandler gateway(loop, config, std::move(*store));
  STRATUS_CO_CHECK(gateway.load());
  std::unique_ptr<Revocations> revocations;
  std::unique_ptr<LocalBroker> broker;
  if (!config.identity.empty()) {
    auto opened = Revocations::open(config.data / "identity", gateway.upstream(), config.revocation_check);
    if (!opened) co_return forward_error(std::move(opened));
    revocations = std::move(*opened);
    gateway.use_revocations(*revocations);
    if (options->tls) ask_for_certificates(*options->tls, *revocations);
  }
  if (!config.mqtt_listen.empty()) {
    if (!revocations) {
      co_return fail(ErrorCode::invalid,
                     "--mqtt-listen needs this gateway's own certificate: --enrol-code at the first start");
    }
    auto opened = LocalBroker::open(loop, config, *revocations);
    if (!opened) co_return forward_error(std::move(opened));
    broker = std::move(*opened);
    gateway.use_broker(*broker);
  }
  net::Handler handler = [&gateway](net::Exchange& exchange) { return gateway.handle(exchange); };
  const std::optional<net::ServerTls> shown = options->tls;
  auto http = net::HttpServer::listen(loop, std::move(*options), handler);
  if (!http) co_return forward_error(std::move(http));
  gateway.start();
  net::TaskGroup background(loop);
  if (revocations) {
    const Revocations& known = *revocations;
    revocations->on_change([&http, &known](const std::vector<std::string>&) {
      (*http)->cut_peers([&](const crypto::CertificateInfo& peer) { return !known.admits(peer); });
    });
    const std::function<void()> renewed = [&broker, &http, &config, shown] {
      if (broker) broker->reload();
      if (!shown || shown->certificate != config.identity) return;
      const auto taken = (*http)->replace_tls(*shown);
      if (!taken) log::error("gateway", "the renewed certificate: {}", taken.error().text());
    };
    background.spawn(keep_identity(loop, config, renewed));
    background.spawn(revocations->watch());
  }
  if (broker) broker->start();
  log::info("gateway", "{} in front of {}{}", config.name, config.upstream,
            config.no_cache ? ", no cache" : "");
  (void)release_program_pages();  // of starting, which is over
  ready(net::local_url(!config.plain_http, address, (*http)->port()), broker ? broker->url() : "");
  co_await net::wait_for_stop();
  // Answers that wait for the upstream would outlast the grace: they end with what they wait for.
  const Millis grace = config.stop_grace;
  net::TaskGroup ending(loop);
  ending.spawn(stop_after(gateway, grace));
  co_await (*http)->stop(grace);
  co_await ending.stop();
  co_await background.stop();
  if (broker) co_await broker->stop();
  co_await gateway.stop();
  co_return Result<void>();
}

}  // namespace stratus::gateway
