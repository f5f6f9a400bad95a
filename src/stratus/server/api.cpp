#include "stratus/server/api.hpp"

#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/oci/reference.hpp"
#include "stratus/server/api_json.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::server {
namespace {

constexpr std::size_t kMaxBody = 64u << 10;    // of what people send
constexpr std::size_t kMaxSample = 16u << 10;  // bytes

// The number under `name`, within 1 … most.
std::int64_t limit_of(const net::RequestHead& request, std::int64_t otherwise, std::int64_t most) {
  const auto text = request.query("limit");
  std::int64_t value = otherwise;
  if (text) (void)std::from_chars(text->data(), text->data() + text->size(), value);
  return std::clamp<std::int64_t>(value, 1, most);
}

net::Task<Result<void>> respond_json(net::Exchange& exchange, int status, std::string body) {
  net::ResponseHead head;
  head.status = status;
  head.headers.set("Content-Type", "application/json");
  (void)co_await exchange.respond(head, body);
  co_return Result<void>();
}

net::Task<Result<void>> respond_nothing(net::Exchange& exchange) {
  net::ResponseHead head;
  head.status = 204;
  const std::string empty;
  (void)co_await exchange.respond(head, empty);
  co_return Result<void>();
}

// A clock that is far ahead would make every report after its correction look overtaken.
std::int64_t believable_ms(std::int64_t reported_ms, std::int64_t received_ms) {
  constexpr std::int64_t kAhead = 24 * 3'600'000;
  return reported_ms > received_ms + kAhead ? received_ms : reported_ms;
}

Result<void> check_device(const std::string& id) {
  if (wire::is_device_id(id)) return {};
  return fail(ErrorCode::invalid, "'" + id.substr(0, 64) + "' is not a device id");
}

}  // namespace

bool Api::may_steer(const net::Exchange& exchange) const {
  return token_.matches(exchange.request().headers.get("Authorization"));
}

net::Task<void> Api::handle(net::Exchange& exchange) {
  const ApiRoute route = parse_api_route(exchange.request().path);
  const std::string& method = exchange.request().method;
  // Devices tell (POST below /devices/); everything else that is not a question steers.
  const bool tells =
      method == "POST" && (route.endpoint == ApiEndpoint::reports || route.endpoint == ApiEndpoint::data);
  const bool asks = method == "GET" || method == "HEAD";
  if (!asks && !tells && !may_steer(exchange)) {
    net::ResponseHead head;
    head.status = 401;
    head.headers.set("Content-Type", "application/problem+json");
    head.headers.set("WWW-Authenticate", "Basic realm=\"stratus\"");
    const std::string body =
        R"({"title":"unauthorized","status":401,"detail":"this needs the server's admin token","code":"denied"})";
    (void)co_await exchange.respond(head, body);
    co_return;
  }
  auto done = co_await dispatch(exchange, route);
  if (done) co_return;
  const Error error = done.error();
  (void)co_await net::respond_problem(exchange, error);
}

net::Task<Result<void>> Api::dispatch(net::Exchange& exchange, const ApiRoute& route) {
  using enum ApiEndpoint;
  const std::string& method = exchange.request().method;
  const bool get = method == "GET" || method == "HEAD";
  const bool post = method == "POST";
  const bool put = method == "PUT";
  const ApiEndpoint endpoint = route.endpoint;
  if (endpoint == next && get) co_return co_await get_next(exchange, route);
  if (endpoint == reports && post) co_return co_await take_report(exchange, route);
  if (endpoint == reports && get) co_return co_await list_reports(exchange, route);
  if (endpoint == data && post) co_return co_await take_sample(exchange, route);
  if (endpoint == data && get) co_return co_await list_samples(exchange, route);
  if (endpoint == devices && get) co_return co_await list_devices(exchange);
  if (endpoint == device && get) co_return co_await get_device(exchange, route);
  if (endpoint == releases && get) co_return co_await list_releases(exchange, route.first);
  if (endpoint == release && get) co_return co_await list_releases(exchange, route.first);
  if (endpoint == version && put) co_return co_await register_version(exchange, route);
  if (endpoint == version && method == "DELETE") co_return co_await remove_version(exchange, route);
  if (endpoint == target && put) co_return co_await set_target(exchange, route);
  if (endpoint == operation && get) co_return co_await get_operation(exchange, route);
  if (endpoint == garbage && post) co_return co_await collect_garbage(exchange);
  if (endpoint == unknown)
    co_return fail(ErrorCode::not_found, "no such endpoint: " + exchange.request().path);
  net::ResponseHead head;
  head.status = 405;
  head.headers.set("Content-Type", "application/problem+json");
  const std::string body = R"({"title":"method not allowed","status":405,"code":"invalid"})";
  (void)co_await exchange.respond(head, body);
  co_return Result<void>();
}

net::Task<Result<void>> Api::get_next(net::Exchange& exchange, const ApiRoute& route) {
  const net::RequestHead& request = exchange.request();
  Digest have;
  if (const auto hex = request.query("have"); hex && !hex->empty()) {
    const auto parsed = Digest::parse("sha256:" + *hex);
    if (!parsed) co_return fail(ErrorCode::invalid, "have: not the 64 hex digits of a manifest digest");
    have = *parsed;
  }
  const std::string device = request.query("device").value_or("");
  if (!device.empty()) {
    STRATUS_CO_CHECK(check_device(device));
  }
  auto answer = co_await releases_.next(route.first, have, device);
  // Names that mean nothing here leave no trace.
  if (answer && !device.empty()) sightings_.note(device, route.first, have);
  if (!answer) co_return forward_error(std::move(answer));
  if (!*answer) co_return co_await respond_nothing(exchange);
  const std::string body = **answer;
  co_return co_await respond_json(exchange, 200, body);
}

net::Task<Result<void>> Api::take_report(net::Exchange& exchange, const ApiRoute& route) {
  auto body = co_await exchange.read_all(wire::DeviceReport::kMaxEncoded);
  if (!body) co_return forward_error(std::move(body));
  auto parsed = wire::parse_report(*body);
  if (!parsed) co_return forward_error(std::move(parsed));
  if (parsed->device != route.first) {
    co_return fail(ErrorCode::invalid,
                   "the report is of device " + parsed->device + ", the address of another");
  }
  const auto text = [](const Digest& digest) { return digest.empty() ? std::string() : digest.text(); };
  db::Report report;
  report.device = parsed->device;
  report.sequence = static_cast<std::int64_t>(parsed->sequence);
  report.received_ms = now_ms();
  report.reported_ms = believable_ms(static_cast<std::int64_t>(parsed->time_ms), report.received_ms);
  report.name = parsed->name;
  report.running = text(parsed->running);
  report.running_version = parsed->running_version;
  report.target = text(parsed->target);
  report.target_version = parsed->version;
  report.state = parsed->state;
  report.reason = parsed->reason;
  report.body = std::move(*body);
  std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
    catalogue_.add_report(std::move(report), std::move(done));
  };
  auto written = co_await await_write(write);
  if (!written) co_return written;
  co_return co_await respond_nothing(exchange);
}

net::Task<Result<void>> Api::take_sample(net::Exchange& exchange, const ApiRoute& route) {
  STRATUS_CO_CHECK(check_device(route.first));
  auto body = co_await exchange.read_all(kMaxSample);
  if (!body) co_return forward_error(std::move(body));
  const auto value = parse_json(*body, kMaxSample);
  if (!value) co_return fail(value.error());
  if (!value->is_object()) co_return fail(ErrorCode::invalid, "a sample is a JSON object");
  std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
    catalogue_.add_sample(route.first, std::move(*body), now_ms(), std::move(done));
  };
  auto written = co_await await_write(write);
  if (!written) co_return written;
  co_return co_await respond_nothing(exchange);
}

net::Task<Result<void>> Api::list_devices(net::Exchange& exchange) {
  co_await sightings_.flush();
  const std::int64_t limit = limit_of(exchange.request(), 100, 1000);
  const std::string after = exchange.request().query("after").value_or("");
  auto list = [&] { return catalogue_.devices(after, limit + 1); };
  auto devices = co_await pool_.run(list);
  if (!devices) co_return forward_error(std::move(devices));
  std::string next;
  if (static_cast<std::int64_t>(devices->size()) > limit) {
    devices->pop_back();
    next = devices->back().id;
  }
  const std::string body = encode_devices(*devices, next);
  co_return co_await respond_json(exchange, 200, body);
}

net::Task<Result<void>> Api::get_device(net::Exchange& exchange, const ApiRoute& route) {
  co_await sightings_.flush();
  auto find = [&] { return catalogue_.device(route.first); };
  auto device = co_await pool_.run(find);
  if (!device) co_return forward_error(std::move(device));
  const std::string body = encode_device(*device);
  co_return co_await respond_json(exchange, 200, body);
}

net::Task<Result<void>> Api::list_reports(net::Exchange& exchange, const ApiRoute& route) {
  const std::int64_t limit = limit_of(exchange.request(), 20, 1000);
  auto list = [&] { return catalogue_.reports(route.first, limit); };
  auto reports = co_await pool_.run(list);
  if (!reports) co_return forward_error(std::move(reports));
  const std::string body = encode_reports(*reports);
  co_return co_await respond_json(exchange, 200, body);
}

net::Task<Result<void>> Api::list_samples(net::Exchange& exchange, const ApiRoute& route) {
  const std::int64_t limit = limit_of(exchange.request(), 100, 10'000);
  auto list = [&] { return catalogue_.samples(route.first, limit); };
  auto samples = co_await pool_.run(list);
  if (!samples) co_return forward_error(std::move(samples));
  const std::string body = encode_samples(*samples);
  co_return co_await respond_json(exchange, 200, body);
}

net::Task<Result<void>> Api::list_releases(net::Exchange& exchange, const std::string& name) {
  auto list = [&] { return catalogue_.releases(name); };
  auto found = co_await pool_.run(list);
  if (!found) co_return forward_error(std::move(found));
  std::string body;
  if (name.empty()) {
    std::vector<db::Target> targets;
    for (const auto& [key, target] : releases_.targets()) targets.push_back(target);
    body = encode_releases(*found, targets);
  } else {
    if (found->empty()) co_return fail(ErrorCode::not_found, "no releases of " + name);
    const auto target = releases_.target(name);
    body = encode_release(name, *found, target ? &*target : nullptr);
  }
  co_return co_await respond_json(exchange, 200, body);
}

net::Task<Result<void>> Api::read_member(net::Exchange& exchange, const char* name, std::string& into) {
  auto body = co_await exchange.read_all(kMaxBody);
  if (!body) co_return forward_error(std::move(body));
  const auto value = parse_json(*body, kMaxBody);
  if (!value) co_return fail(value.error());
  ObjectReader reader(*value, "");
  into = reader.text(name, 255);
  co_return reader.done();
}

net::Task<Result<void>> Api::register_version(net::Exchange& exchange, const ApiRoute& route) {
  std::string text;
  auto read = co_await read_member(exchange, "digest", text);
  if (!read) co_return read;
  const auto digest = Digest::parse(text);
  if (!digest) co_return fail(digest.error());
  auto added = co_await releases_.add(route.first, route.second, *digest);
  if (!added) co_return added;
  auto find = [&] { return catalogue_.releases(route.first); };
  auto found = co_await pool_.run(find);
  if (!found) co_return forward_error(std::move(found));
  std::erase_if(*found, [&](const db::Release& release) { return release.version != route.second; });
  const auto target = releases_.target(route.first);
  const std::string body = encode_release(route.first, *found, target ? &*target : nullptr);
  co_return co_await respond_json(exchange, 200, body);
}

net::Task<Result<void>> Api::remove_version(net::Exchange& exchange, const ApiRoute& route) {
  auto removed = co_await releases_.remove(route.first, route.second);
  if (!removed) co_return removed;
  co_return co_await respond_nothing(exchange);
}

net::Task<Result<void>> Api::set_target(net::Exchange& exchange, const ApiRoute& route) {
  std::string version;
  auto read = co_await read_member(exchange, "version", version);
  if (!read) co_return read;
  auto operation = co_await deployments_.start(route.first, version);
  if (!operation) co_return forward_error(std::move(operation));
  net::ResponseHead head;
  head.status = 202;
  head.headers.set("Content-Type", "application/json");
  head.headers.set("Location", "/api/v1/operations/" + operation->id);
  const std::string body = encode_operation(*operation);
  (void)co_await exchange.respond(head, body);
  co_return Result<void>();
}

net::Task<Result<void>> Api::get_operation(net::Exchange& exchange, const ApiRoute& route) {
  auto find = [&] { return catalogue_.operation(route.first); };
  auto operation = co_await pool_.run(find);
  if (!operation) co_return forward_error(std::move(operation));
  const std::string body = encode_operation(*operation);
  co_return co_await respond_json(exchange, 200, body);
}

net::Task<Result<void>> Api::collect_garbage(net::Exchange& exchange) {
  const auto text = exchange.request().query("dry_run");
  const bool dry_run = text && *text != "0" && *text != "false";
  auto collect = [&] { return garbage_(dry_run); };
  auto report = co_await garbage_pool_.run(collect);
  if (!report) co_return forward_error(std::move(report));
  const std::string body = encode_garbage(*report, dry_run);
  co_return co_await respond_json(exchange, 200, body);
}

}  // namespace stratus::server
