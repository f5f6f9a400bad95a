#include "stratus/gateway/gateway.hpp"

#include <unordered_set>

#include <fmt/format.h>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/base/metrics.hpp"
#include "stratus/crypto/certificate.hpp"
#include "stratus/gateway/blob_cache.hpp"
#include "stratus/gateway/counters.hpp"
#include "stratus/net/listen_address.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/oci/registry_route.hpp"
#include "stratus/store/file_blob_store.hpp"

namespace stratus::gateway {
namespace {

class Gateway {
 public:
  Gateway(net::Executor loop, const GatewayConfig& config, std::unique_ptr<store::FileBlobStore> store)
      : config_(config),
        store_(std::move(store)),
        files_("files", 4),
        upstream_(loop, config_),
        passage_(upstream_, files_, counters_),
        blobs_(loop, *store_, upstream_, files_, counters_, config_.cache_size, {}) {}

  Result<void> load() { return config_.no_cache ? Result<void>() : blobs_.load(); }

  net::Task<void> handle(net::Exchange& exchange) {
    const std::string& path = exchange.request().path;
    if (path == "/v2" || path.starts_with("/v2/")) {
      co_await handle_registry(exchange);
    } else if (path == "/healthz") {
      net::ResponseHead head;
      head.headers.set("Content-Type", "text/plain");
      const std::string body = "ok\n";
      (void)co_await exchange.respond(head, body);
    } else if (path == "/metrics") {
      co_await respond_metrics(exchange);
    } else {
      auto done = co_await pass_on(exchange);
      if (!done) (void)co_await net::respond_problem(exchange, done.error());
    }
    counters_.downstream_bytes += exchange.bytes_sent();
  }

  net::Task<void> stop() { co_await blobs_.stop(); }

 private:
  net::Task<void> handle_registry(net::Exchange& exchange) {
    oci::OciError refusal;
    const std::string path = net::percent_decode(exchange.request().path).value_or("");
    const oci::RegistryRoute route = oci::parse_registry_route(path, refusal);
    Result<void> done;
    if (route.endpoint == oci::RegistryEndpoint::blob) {
      if (config_.no_cache) {
        done = co_await passage_.pass(exchange, route.name, route.digest);
      } else {
        done = co_await blobs_.serve(exchange, route.name, route.digest);
      }
      counters_.blobs.sent(route.digest, exchange.bytes_sent());
    } else {
      done = co_await pass_on(exchange);
    }
    if (!done) (void)co_await net::respond_problem(exchange, done.error());
  }

  net::Task<Result<void>> pass_on(net::Exchange& exchange) {
    const std::size_t limit = 16u << 10;
    const net::RequestHead& request = exchange.request();
    Result<net::ClientResponse> answer = net::ClientResponse{};
    if (request.method == "POST") {
      auto body = co_await exchange.read_all(limit);
      if (!body) co_return forward_error(std::move(body));
      answer = co_await upstream_.post(request.target, std::move(*body));
    } else {
      net::Headers none;
      answer = co_await upstream_.ask(request.method, request.target, std::move(none));
    }
    if (!answer) co_return forward_error(std::move(answer));
    net::ResponseHead head;
    head.status = answer->status;
    for (const char* const field : {"Content-Type", "Docker-Content-Digest", "Link"}) {
      if (const auto value = answer->headers.get(field)) head.headers.set(field, std::string(*value));
    }
    (void)co_await exchange.respond(head, answer->body);
    co_return Result<void>();
  }

  net::Task<void> respond_metrics(net::Exchange& exchange) {
    using enum Metrics::Kind;
    Metrics metrics;
    const auto traffic = upstream_.traffic();
    metrics.add(counter, "stratus_gateway_upstream_received_bytes_total",
                "Bytes received from the upstream, heads included.", traffic.received);
    metrics.add(counter, "stratus_gateway_upstream_sent_bytes_total",
                "Bytes sent to the upstream, heads included.", traffic.sent);
    metrics.add(gauge, "stratus_gateway_upstream_away", "1 while the upstream does not answer.",
                upstream_.away() ? 1 : 0);
    metrics.add(gauge, "stratus_gateway_cache_bytes", "Bytes of the blobs in the cache.",
                blobs_.index().bytes());
    metrics.add(gauge, "stratus_gateway_cache_blobs", "Blobs in the cache.", blobs_.index().count());
    metrics.add(gauge, "stratus_gateway_cache_partial_bytes", "Bytes kept of transfers that broke off.",
                blobs_.index().partial_bytes());
    metrics.add(gauge, "stratus_gateway_transfers_running", "Blobs being fetched.", blobs_.filling());
    write_counters(counters_, metrics);
    net::ResponseHead head;
    head.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    const std::string& body = metrics.text();
    (void)co_await exchange.respond(head, body);
  }

  GatewayConfig config_;
  Counters counters_;
  std::unique_ptr<store::FileBlobStore> store_;
  net::WorkerPool files_;
  Upstream upstream_;
  Passage passage_;
  BlobCache blobs_;
};

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

}  // namespace

net::Task<Result<void>> serve(net::Executor loop, GatewayConfig config,
                              std::function<void(const std::string& url)> ready) {
  STRATUS_CO_CHECK(make_directories(config.data));
  auto options = listen_options(config);
  if (!options) co_return forward_error(std::move(options));
  auto store = store::FileBlobStore::open(config.data);
  if (!store) co_return forward_error(std::move(store));
  const std::string address = options->address;
  Gateway gateway(loop, config, std::move(*store));
  STRATUS_CO_CHECK(gateway.load());
  net::Handler handler = [&gateway](net::Exchange& exchange) { return gateway.handle(exchange); };
  auto http = net::HttpServer::listen(loop, std::move(*options), handler);
  if (!http) co_return forward_error(std::move(http));
  ready(net::local_url(!config.plain_http, address, (*http)->port()));
  co_await net::wait_for_stop();
  const Millis grace = config.stop_grace;
  co_await (*http)->stop(grace);
  co_await gateway.stop();
  co_return Result<void>();
}

}  // namespace stratus::gateway
