#include "stratus/gateway/gateway.hpp"

#include <fmt/format.h>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/base/program_pages.hpp"
#include "stratus/crypto/certificate.hpp"
#include "stratus/gateway/handler.hpp"
#include "stratus/gateway/identity.hpp"
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
  if (!config.plain_http) {
    crypto::CertificateOptions certificate;
    certificate.names = crypto::default_server_names();
    certificate.now = system_clock().wall();
    STRATUS_TRY(files, crypto::ensure_tls_files(config.data / "tls", "gateway", certificate));
    options.tls = net::ServerTls{files.certificate, files.key};
  }
  return options;
}

net::Task<void> stop_after(GatewayHandler& gateway, Millis grace) {
  co_await net::sleep_for(grace);
  co_await gateway.stop();
}

}  // namespace

net::Task<Result<void>> serve(net::Executor loop, GatewayConfig config,
                              std::function<void(const std::string& url)> ready) {
  STRATUS_CO_CHECK(make_directories(config.data));
  auto options = listen_options(config);
  if (!options) co_return forward_error(std::move(options));
  auto adopted = co_await adopt_identity(loop, config);
  if (!adopted) co_return adopted;
  auto store = store::FileBlobStore::open(config.data);
  if (!store) co_return forward_error(std::move(store));
  const std::string address = options->address;
  GatewayHandler gateway(loop, config, std::move(*store));
  STRATUS_CO_CHECK(gateway.load());
  net::Handler handler = [&gateway](net::Exchange& exchange) { return gateway.handle(exchange); };
  auto http = net::HttpServer::listen(loop, std::move(*options), handler);
  if (!http) co_return forward_error(std::move(http));
  gateway.start();
  net::TaskGroup background(loop);
  if (!config.identity.empty()) background.spawn(keep_identity(loop, config));
  log::info("gateway", "{} in front of {}{}", config.name, config.upstream,
            config.no_cache ? ", no cache" : "");
  (void)release_program_pages();  // of starting, which is over
  ready(net::local_url(!config.plain_http, address, (*http)->port()));
  co_await net::wait_for_stop();
  // Answers that wait for the upstream would outlast the grace: they end with what they wait for.
  const Millis grace = config.stop_grace;
  net::TaskGroup ending(loop);
  ending.spawn(stop_after(gateway, grace));
  co_await (*http)->stop(grace);
  co_await ending.stop();
  co_await background.stop();
  co_await gateway.stop();
  co_return Result<void>();
}

}  // namespace stratus::gateway
