#include "stratus/server/gateway_routes.hpp"

#include <boost/json.hpp>

#include "stratus/crypto/message_signature.hpp"
#include "stratus/db/gateways.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/cursor.hpp"
#include "stratus/wire/gateway_status.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;

json::object describe(const db::Gateway& gateway, bool enrolled, std::int64_t now) {
  json::object out{{"id", gateway.id},
                   {"online", gateway.is_online(now)},
                   {"enrolled", enrolled},
                   {"address", gateway.address},
                   {"first_seen", format_time_ms(gateway.first_seen_ms)},
                   {"last_seen", format_time_ms(gateway.last_seen_ms)},
                   {"interval_ms", gateway.interval_ms},
                   {"devices", gateway.devices},
                   {"bytes", {{"received", gateway.received}, {"sent", gateway.sent}}}};
  if (!gateway.parent.empty()) out["parent"] = gateway.parent;
  const auto said = wire::parse_gateway_status(gateway.status);
  const wire::GatewayStatus status = said ? *said : wire::GatewayStatus();
  out["version"] = status.version;
  out["started_at"] = format_time_ms(gateway.last_seen_ms - static_cast<std::int64_t>(status.uptime_ms));
  out["cache"] = {{"bytes", status.cache_bytes}, {"limit", status.cache_limit},
                  {"blobs", status.cache_blobs}, {"evictions", status.evictions},
                  {"corrupt", status.corrupt},   {"disk_full", status.disk_full}};
  json::object blobs{
      {"hits", status.hits}, {"joined", status.joined}, {"misses", status.misses}, {"passed", status.passed}};
  const std::uint64_t saved = status.hits + status.joined, asked = saved + status.misses + status.passed;
  if (asked > 0) blobs["hit_percent"] = saved * 100 / asked;
  out["blobs"] = std::move(blobs);
  out["queue"] = {{"messages", status.queue_messages}, {"bytes", status.queue_bytes}};
  return out;
}

}  // namespace

void GatewayRoutes::register_routes(Router& router) {
  using Handler = net::Task<Result<void>> (GatewayRoutes::*)(Call&);
  const auto add = [&](const char* method, const char* pattern, Scope scope, Handler handler) {
    router.add(method, pattern, scope, [this, handler](Call& call) { return (this->*handler)(call); });
  };
  add("GET", "/api/v1/gateways", Scope::devices_read, &GatewayRoutes::list);
  add("GET", "/api/v1/gateways/{id}", Scope::devices_read, &GatewayRoutes::show);
  add("DELETE", "/api/v1/gateways/{id}", Scope::devices_write, &GatewayRoutes::remove);
  add("POST", "/api/v1/gateways/{id}/status", Scope::device, &GatewayRoutes::take_status);
}

// The gateway itself by its certificate, or another one that carries what it signed. Answers the one that
// carried it, "" for none.
net::Task<Result<std::string>> GatewayRoutes::check_word(Call& call, std::string id, std::string body) const {
  auto peer = identity_.identify(call.request());
  if (!peer) co_return forward_error(std::move(peer));
  const bool carried = *peer && (*peer)->id != id && (*peer)->kind == crypto::CertificateKind::gateway;
  if (*peer && !carried && ((*peer)->id != id || (*peer)->kind != crypto::CertificateKind::gateway))
    co_return fail(ErrorCode::denied, (*peer)->id + " cannot speak for gateway " + id, "other_device");
  if (!carried) {
    STRATUS_CO_CHECK(identity_.check_speaks_for(call.request(), id));
    co_return std::string();
  }
  // Who is not enrolled has no key to sign with, and would be whatever its parent says.
  if (!identity_.is_enrolled(id))
    co_return fail(ErrorCode::denied, (*peer)->id + " cannot speak for gateway " + id, "other_device");
  const std::string signature(call.request().headers.get(crypto::kSignatureHeader).value_or(""));
  const auto parsed = crypto::parse_message_signature(signature);
  const std::uint64_t counter = parsed ? parsed->counter : 0;
  auto genuine = co_await identity_.check_message(id, "status", counter, std::move(body), signature, false);
  if (!genuine) co_return forward_error(std::move(genuine));
  co_return (*peer)->id;
}

net::Task<Result<void>> GatewayRoutes::take_status(Call& call) {
  const std::string id = call.parameter("id");
  if (!wire::is_device_id(id)) co_return fail(ErrorCode::invalid, "not an id of a gateway");
  auto body = co_await call.read_body(wire::GatewayStatus::kMaxEncoded);
  if (!body) co_return forward_error(std::move(body));
  auto parent = co_await check_word(call, id, *body);
  if (!parent) co_return forward_error(std::move(parent));
  auto status = wire::parse_gateway_status(*body);
  if (!status) co_return forward_error(std::move(status));
  const std::vector<std::string> devices = std::move(status->devices);
  status->devices.clear();
  db::Gateway said;
  said.id = id;
  said.last_seen_ms = now_ms();
  said.interval_ms = static_cast<std::int64_t>(status->interval_ms);
  said.address = call.address();
  said.parent = *parent;
  said.boot = status->boot;
  said.boot_received = static_cast<std::int64_t>(status->upstream_received);
  said.boot_sent = static_cast<std::int64_t>(status->downstream_sent);
  said.status = wire::encode_gateway_status(*status);
  std::function<void(db::Database::Done)> write = [&](db::Database::Done done) {
    database_.write(
        [said, devices](db::Transaction& transaction) -> Result<void> {
          STRATUS_CHECK(db::note_gateway(transaction, said));
          return db::note_behind(transaction, said.id, devices, said.last_seen_ms);
        },
        std::move(done));
  };
  auto written = co_await await_write(write);
  if (!written) co_return written;
  bus_.publish({"gateways", id,
                json::serialize(json::object{{"id", id}, {"last_seen", format_time_ms(said.last_seen_ms)}})});
  co_return co_await call.respond_nothing();
}

net::Task<Result<void>> GatewayRoutes::list(Call& call) {
  const std::int64_t limit = call.limit(100, 1000), now = now_ms();
  std::string after;
  if (const auto cursor = call.query("cursor"); cursor && !cursor->empty()) {
    auto parts = decode_cursor(*cursor, 2);
    if (!parts || (*parts)[0] != "gateways")
      co_return fail(ErrorCode::invalid, "cursor: not one of this list");
    after = (*parts)[1];
  }
  auto read = [&] { return db::list_gateways(database_, after, limit + 1, now); };
  auto found = co_await pool_.run(read);
  if (!found) co_return forward_error(std::move(found));
  json::object body;
  if (static_cast<std::int64_t>(found->size()) > limit) {
    found->pop_back();
    body["next"] = encode_cursor({"gateways", found->back().id});
  }
  json::array items;
  for (const db::Gateway& gateway : *found)
    items.push_back(describe(gateway, identity_.is_enrolled(gateway.id), now));
  body["items"] = std::move(items);
  co_return co_await call.respond_json(200, json::serialize(body));
}

net::Task<Result<void>> GatewayRoutes::show(Call& call) {
  const std::string id = call.parameter("id");
  const std::int64_t now = now_ms();
  auto read = [&] { return db::find_gateway(database_, id, now); };
  auto found = co_await pool_.run(read);
  if (!found) co_return forward_error(std::move(found));
  const std::string body = json::serialize(describe(*found, identity_.is_enrolled(id), now));
  co_return co_await call.respond_json(200, body);
}

// One that still speaks comes back with its next word; its certificate is ended by POST /devices/{id}/revoke.
net::Task<Result<void>> GatewayRoutes::remove(Call& call) {
  const ChangeWork work = [id = call.parameter("id")](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::remove_gateway(change.transaction(), id));
    STRATUS_CHECK(change.record("gateway.remove", "gateway:" + id));
    change.publish({"gateways", id, json::serialize(json::object{{"id", id}, {"removed", true}})});
    return Reply();
  };
  co_return co_await call.commit(work);
}

}  // namespace stratus::server
