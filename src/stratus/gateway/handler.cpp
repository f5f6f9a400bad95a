#include "stratus/gateway/handler.hpp"

#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/clock.hpp"
#include "stratus/base/json.hpp"
#include "stratus/base/metrics.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/gateway/error_answers.hpp"
#include "stratus/gateway/gateway.hpp"
#include "stratus/gateway/identity.hpp"
#include "stratus/gateway/via.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/reference.hpp"
#include "stratus/wire/enrolment.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::gateway {
namespace {

constexpr std::size_t kMaxMessage = 16u << 10;

bool is_read(const net::RequestHead& request) { return request.method == "GET" || request.method == "HEAD"; }

Result<void> check_manifest(const Answer& answer, const Digest& expected) {
  const Digest digest = sha256(std::string_view(answer.body));
  if (!expected.empty() && digest != expected)
    return fail(ErrorCode::corrupt, "its digest is " + digest.text());
  if (!answer.digest.empty() && answer.digest != digest.text()) {
    return fail(ErrorCode::corrupt, "it claims digest " + answer.digest.substr(0, 100));
  }
  STRATUS_TRY(kind, oci::kind_of_document(answer.body, answer.content_type));
  (void)kind;
  return {};
}

Result<void> check_json(const Answer& answer) {
  STRATUS_TRY(value, parse_json(answer.body, 9u << 20));
  if (!value.is_object()) return fail(ErrorCode::corrupt, "not a JSON object");
  return {};
}

}  // namespace

GatewayHandler::GatewayHandler(net::Executor loop, const GatewayConfig& config,
                               std::unique_ptr<store::FileBlobStore> store)
    : config_(config),
      store_(std::move(store)),
      answer_store_(config_.data / "answers", {}),
      files_("files", 4),
      upstream_(loop, config_),
      passage_(upstream_, files_, counters_),
      answers_(loop, upstream_, answer_store_, counters_, !config_.no_cache),
      next_(answers_, answer_store_, counters_, config_.check_ttl, !config_.no_cache),
      blobs_(loop, *store_, upstream_, files_, counters_, config_.cache_size,
             [this] { return next_.pinned(); }),
      courier_(loop, config_.data / "outbox", {config_.queue_size}, upstream_, counters_),
      self_(
          upstream_, config_.name, config_.status_interval,
          [this](wire::GatewayStatus& status) { describe(status); },
          [this](const std::string& body) { return sign_status(config_, body); }),
      tasks_(loop) {}

Result<void> GatewayHandler::load() {
  if (!config_.no_cache) {
    STRATUS_CHECK(answer_store_.load());
    next_.load();
    STRATUS_CHECK(blobs_.load());
  }
  return courier_.open(config_.reuse_port);
}

void GatewayHandler::start() {
  courier_.start();
  tasks_.spawn(self_.run());
}

net::Task<void> GatewayHandler::stop() {
  co_await tasks_.stop();
  co_await courier_.stop();
  co_await blobs_.stop();
}

// Our own name in the way the request came: the upstream leads back here.
bool GatewayHandler::is_our_own(const net::RequestHead& request) const {
  return is_circle(via_of(request.headers), config_.name);
}

// Behind a proxy (plain HTTP) there are no certificates to look at.
Result<void> GatewayHandler::check(const net::Exchange& exchange, std::string_view device) const {
  if (revocations_ == nullptr || !exchange.request().secure) return {};
  return revocations_->check(exchange.request(), device);
}

net::Task<void> GatewayHandler::handle(net::Exchange& exchange) {
  const net::RequestHead& request = exchange.request();
  Result<void> done;
  if (is_our_own(request)) {
    done = fail(
        ErrorCode::conflict,
        "this gateway is its own upstream, perhaps through others; correct --upstream " + config_.upstream);
  } else if (request.path == "/v2" || request.path.starts_with("/v2/")) {
    done = co_await registry(exchange);
  } else if (request.path == "/healthz") {
    net::ResponseHead head;
    head.headers.set("Content-Type", "text/plain");
    const std::string body = "ok\n";
    (void)co_await exchange.respond(head, body);
  } else if (request.path == "/metrics") {
    co_await respond_metrics(exchange);
  } else {
    done = co_await api(exchange);
  }
  if (!done) {
    const Error error = done.error();
    co_await respond_error(exchange, error);
  }
  counters_.downstream_bytes += exchange.bytes_sent();
}

net::Task<Result<void>> GatewayHandler::registry(net::Exchange& exchange) {
  using Endpoint = oci::RegistryEndpoint;
  oci::OciError refusal;
  STRATUS_CO_CHECK(check(exchange));
  const std::string path = net::percent_decode(exchange.request().path).value_or("");
  const oci::RegistryRoute route = oci::parse_registry_route(path, refusal);
  if (route.endpoint == Endpoint::unknown) {
    co_await respond_oci_error(exchange, refusal);
    co_return Result<void>();
  }
  if (!is_read(exchange.request()) || route.endpoint == Endpoint::uploads ||
      route.endpoint == Endpoint::upload) {
    co_await respond_read_only(exchange, config_.upstream);
    co_return Result<void>();
  }
  if (route.endpoint == Endpoint::blob) co_return co_await blob(exchange, route);
  if (route.endpoint == Endpoint::manifest) co_return co_await manifest(exchange, route);
  if (route.endpoint != Endpoint::base) co_return co_await list(exchange);
  net::ResponseHead head;
  head.headers.set("Content-Type", "application/json");
  head.headers.set("Docker-Distribution-Api-Version", "registry/2.0");
  const std::string body = "{}";
  (void)co_await exchange.respond(head, body);
  co_return Result<void>();
}

net::Task<Result<void>> GatewayHandler::blob(net::Exchange& exchange, const oci::RegistryRoute& route) {
  Result<void> done;
  if (config_.no_cache) {
    done = co_await passage_.pass(exchange, route.name, route.digest);
  } else {
    done = co_await blobs_.serve(exchange, route.name, route.digest);
  }
  if (done) counters_.blobs.sent(route.digest, exchange.bytes_sent());
  co_return done;
}

net::Task<Result<void>> GatewayHandler::manifest(net::Exchange& exchange, const oci::RegistryRoute& route) {
  const std::string target = "/v2/" + route.name + "/manifests/" + route.reference;
  const Millis ttl = route.by_digest() ? kForEver : config_.check_ttl;
  const Digest expected = route.digest;
  const Answers::Check check = [expected](const Answer& answer) { return check_manifest(answer, expected); };
  Asker asker{via_of(exchange.request().headers), ""};
  auto answer = co_await answers_.get("get " + target, target, ttl, check, std::move(asker));
  if (!answer) co_return forward_error(std::move(answer));
  co_await respond(exchange, std::move(*answer));
  co_return Result<void>();
}

net::Task<Result<void>> GatewayHandler::list(net::Exchange& exchange) {
  const std::string target = exchange.request().target;
  const Answers::Check check = &check_json;
  Asker asker{via_of(exchange.request().headers), ""};
  auto answer = co_await answers_.get("get " + target, target, config_.check_ttl, check, std::move(asker));
  if (!answer) co_return forward_error(std::move(answer));
  co_await respond(exchange, std::move(*answer));
  co_return Result<void>();
}

net::Task<Result<void>> GatewayHandler::api(net::Exchange& exchange) {
  const net::RequestHead& request = exchange.request();
  ApiPath path = parse_api_path(request.path);
  if (path.kind == ApiKind::message && request.method == "POST") {
    co_return co_await message(exchange, std::move(path));
  }
  if (request.method == "POST" &&
      (request.path == "/api/v1/enrol" || request.path == "/api/v1/certificates/renew")) {
    co_return co_await carry(exchange, wire::EnrolRequest::kMaxEncoded);
  }
  // A gateway behind this one tells about itself.
  if (request.method == "POST" && request.path.starts_with("/api/v1/gateways/") &&
      request.path.ends_with("/status")) {
    co_return co_await carry(exchange, wire::GatewayStatus::kMaxEncoded);
  }
  if (request.path == "/api/v1/ca/revocations" && is_read(request)) co_return co_await revocations(exchange);
  if (path.kind == ApiKind::unknown && is_read(request)) {
    co_return fail(ErrorCode::not_found, "a gateway has no endpoint " + request.path +
                                             "; ask the server (upstream: " + config_.upstream + ")");
  }
  if (!is_read(request)) {
    co_await respond_read_only(exchange, config_.upstream);
    co_return Result<void>();
  }
  if (path.kind == ApiKind::file) co_return co_await file(exchange, std::move(path));
  if (path.kind == ApiKind::next) co_return co_await next(exchange, std::move(path.subject));
  // Above, this gateway's certificate speaks for all devices: here each may speak for itself only, in the
  // path and in the query.
  if (path.kind != ApiKind::authority) {
    const std::string device = request.query("device").value_or("");
    STRATUS_CO_CHECK(check(exchange, path.subject));
    STRATUS_CO_CHECK(check(exchange, device));
  }
  co_return co_await pass_on(exchange);
}

// A link that has ended is refused as the server does, so that its holder asks for another. Who made it only
// the server can tell: here a file is given out as any blob is, to whoever the gateway lets fetch at all.
net::Task<Result<void>> GatewayHandler::file(net::Exchange& exchange, ApiPath path) {
  STRATUS_CO_CHECK(check(exchange));
  std::int64_t expires = 0;
  const std::string text = exchange.request().query("expires").value_or("");
  (void)std::from_chars(text.data(), text.data() + text.size(), expires);
  const std::int64_t now = system_clock().wall().time_since_epoch().count() / 1000;
  if (expires < now)
    co_return fail(ErrorCode::denied, "the link has expired; ask for another", "link_expired");
  if (!oci::is_repository_name(path.subject)) co_return fail(ErrorCode::invalid, "not a repository");
  oci::RegistryRoute route;
  route.endpoint = oci::RegistryEndpoint::blob;
  route.name = std::move(path.subject);
  route.digest = path.digest;
  co_return co_await blob(exchange, route);
}

net::Task<Result<void>> GatewayHandler::next(net::Exchange& exchange, std::string name) {
  const net::RequestHead& request = exchange.request();
  if (!oci::is_repository_name(name)) {
    co_return fail(ErrorCode::invalid, "'" + name.substr(0, 100) + "' is not the name of an image");
  }
  Digest have;
  if (const auto hex = request.query("have"); hex && !hex->empty()) {
    const auto parsed = Digest::parse("sha256:" + *hex);
    if (!parsed) co_return fail(ErrorCode::invalid, "have: not the 64 hex digits of a manifest digest");
    have = *parsed;
  }
  std::string device = request.query("device").value_or("");
  if (!device.empty() && !wire::is_device_id(device)) {
    co_return fail(ErrorCode::invalid, "device: not a device id");
  }
  STRATUS_CO_CHECK(check(exchange, device));
  if (!device.empty()) self_.heard(device);
  Asker asker{via_of(request.headers), std::move(device)};
  auto answer = co_await next_.get(std::move(name), have, std::move(asker));
  if (!answer) co_return forward_error(std::move(answer));
  co_await respond(exchange, std::move(*answer));
  co_return Result<void>();
}

// What can never be delivered is refused here, where its sender still listens.
net::Task<Result<void>> GatewayHandler::message(net::Exchange& exchange, ApiPath path) {
  if (!wire::is_device_id(path.subject)) co_return fail(ErrorCode::invalid, "not a device id in the address");
  STRATUS_CO_CHECK(check(exchange, path.subject));
  auto body = co_await exchange.read_all(kMaxMessage);
  if (!body) co_return forward_error(std::move(body));
  if (path.is_report) {
    const auto report = wire::parse_report(*body);
    if (!report) co_return fail(report.error());
    if (report->device != path.subject) {
      co_return fail(ErrorCode::invalid,
                     "the report is of device " + report->device + ", the address of another");
    }
  } else {
    const auto sample = parse_json(*body, kMaxMessage);
    if (!sample) co_return fail(sample.error());
    if (!sample->is_object()) co_return fail(ErrorCode::invalid, "a sample is a JSON object");
  }
  const std::string signature(exchange.request().headers.get(crypto::kSignatureHeader).value_or(""));
  if (!signature.empty()) {
    const auto parsed = crypto::parse_message_signature(signature);
    if (!parsed) co_return fail(parsed.error());
  }
  OutboxRecord record;
  record.signature = signature;
  record.target = fmt::format("/api/v1/devices/{}/{}", net::percent_encode(path.subject),
                              path.is_report ? "reports" : "data");
  record.body = std::move(*body);
  record.via = via_of(exchange.request().headers);
  auto accepted = co_await courier_.accept(std::move(record));
  if (!accepted) co_return accepted;
  self_.heard(path.subject);
  net::ResponseHead head;
  head.status = 204;
  const std::string empty;
  (void)co_await exchange.respond(head, empty);
  co_return Result<void>();
}

// For gateways behind this one: what it knows itself.
net::Task<Result<void>> GatewayHandler::revocations(net::Exchange& exchange) {
  const net::RequestHead& request = exchange.request();
  const auto& certificate = request.peer_certificate;
  if (certificate == nullptr || certificate->kind != crypto::CertificateKind::gateway)
    co_return fail(ErrorCode::denied, "this is for gateways", "certificate_required");
  STRATUS_CO_CHECK(check(exchange));
  if (revocations_ == nullptr || !revocations_->known())
    co_return fail(ErrorCode::unavailable, "this gateway has not heard of revocations yet");
  net::ResponseHead head;
  const std::string etag = "\"" + revocations_->etag() + "\"";
  head.headers.set("ETag", etag);
  const bool same = request.headers.get("If-None-Match").value_or("") == etag;
  head.status = same ? 304 : 200;
  if (!same) head.headers.set("Content-Type", "application/json");
  std::string body = same ? std::string() : wire::encode_revocations(revocations_->current());
  (void)co_await exchange.respond(std::move(head), std::move(body));
  co_return Result<void>();
}

// Enrolment and renewal need the server itself; nothing of them is kept here.
net::Task<Result<void>> GatewayHandler::carry(net::Exchange& exchange, std::size_t limit) {
  const net::RequestHead& request = exchange.request();
  const std::string target = request.path;
  std::string signature(request.headers.get(crypto::kSignatureHeader).value_or(""));
  std::string via = via_of(request.headers);
  auto body = co_await exchange.read_all(limit);
  if (!body) co_return forward_error(std::move(body));
  auto answer = co_await upstream_.post(target, std::move(*body), std::move(via), std::move(signature));
  if (!answer) co_return forward_error(std::move(answer));
  net::ResponseHead head;
  head.status = answer->status;
  for (const char* const field : {"Content-Type", "Retry-After"}) {
    if (const auto value = answer->headers.get(field)) head.headers.set(field, std::string(*value));
  }
  (void)co_await exchange.respond(head, std::move(answer->body));
  co_return Result<void>();
}

net::Task<Result<void>> GatewayHandler::pass_on(net::Exchange& exchange) {
  const std::string target = exchange.request().target;
  net::Headers headers = via_headers(via_of(exchange.request().headers));
  auto answer = co_await upstream_.ask("GET", target, std::move(headers));
  if (!answer) co_return forward_error(std::move(answer));
  net::ResponseHead head;
  head.status = answer->status;
  for (const char* const field : {"Content-Type", "Link", "Retry-After"}) {
    if (const auto value = answer->headers.get(field)) head.headers.set(field, std::string(*value));
  }
  (void)co_await exchange.respond(head, std::move(answer->body));
  co_return Result<void>();
}

void GatewayHandler::describe(wire::GatewayStatus& status) const {
  const auto traffic = upstream_.traffic();
  const BlobIndex& index = blobs_.index();
  status.version = kVersion;
  if (!config_.no_cache) {
    status.cache_bytes = index.bytes();
    status.cache_limit = index.limit();
    status.cache_blobs = index.count();
  }
  status.hits = counters_.hits;
  status.joined = counters_.joined;
  status.misses = counters_.misses;
  status.passed = counters_.passed;
  status.upstream_received = traffic.received;
  status.upstream_sent = traffic.sent;
  status.downstream_sent = counters_.downstream_bytes;
  status.queue_messages = courier_.depth();
  status.queue_bytes = courier_.bytes();
  status.evictions = counters_.evictions;
  status.corrupt = counters_.corrupt;
  status.disk_full = counters_.disk_full;
}

net::Task<void> GatewayHandler::respond_metrics(net::Exchange& exchange) {
  using enum Metrics::Kind;
  Metrics metrics;
  const auto traffic = upstream_.traffic();
  const BlobIndex& index = blobs_.index();
  metrics.add(counter, "stratus_gateway_upstream_received_bytes_total",
              "Bytes received from the upstream, heads included.", traffic.received);
  metrics.add(counter, "stratus_gateway_upstream_sent_bytes_total",
              "Bytes sent to the upstream, heads included.", traffic.sent);
  metrics.add(gauge, "stratus_gateway_upstream_away", "1 while the upstream does not answer.",
              upstream_.away() ? 1 : 0);
  metrics.add(gauge, "stratus_gateway_cache_bytes", "Bytes of the blobs in the cache.", index.bytes());
  metrics.add(gauge, "stratus_gateway_cache_blobs", "Blobs in the cache.", index.count());
  metrics.add(gauge, "stratus_gateway_cache_partial_bytes", "Bytes kept of transfers that broke off.",
              index.partial_bytes());
  metrics.add(gauge, "stratus_gateway_transfers_running", "Blobs being fetched.", blobs_.filling());
  metrics.add(gauge, "stratus_gateway_answers_kept", "Answers in the cache.", answer_store_.count());
  metrics.add(gauge, "stratus_gateway_queue_messages", "Reports and data waiting for the upstream.",
              courier_.depth());
  metrics.add(gauge, "stratus_gateway_queue_bytes", "Bytes of the queue on the disk.", courier_.bytes());
  if (broker_ != nullptr) broker_->add_metrics(metrics);
  write_counters(counters_, metrics);
  net::ResponseHead head;
  head.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  const std::string& body = metrics.text();
  (void)co_await exchange.respond(head, body);
}

}  // namespace stratus::gateway
