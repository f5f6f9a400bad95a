#include "stratus/server/api.hpp"

#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/oci/reference.hpp"
#include "stratus/server/api_json.hpp"
#include "stratus/server/cursor.hpp"
#include "stratus/server/fleet_news.hpp"
#include "stratus/server/report_record.hpp"
#include "stratus/server/request_text.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::server {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxSample = 16u << 10;  // bytes

// The one member `name` of the body.
net::Task<Result<std::string>> read_member(Call& call, const char* name) {
  auto value = co_await call.read_json();
  if (!value) co_return forward_error(std::move(value));
  ObjectReader reader(*value, "");
  std::string text = reader.text(name, 255);
  STRATUS_CO_CHECK(reader.done());
  co_return text;
}

// ?after= of a device's history.
Result<db::HistoryKey> history_key(const Call& call, std::string_view list) {
  const auto text = call.query("after");
  if (!text || text->empty()) return db::HistoryKey{};
  STRATUS_TRY(parts, decode_cursor(*text, 3));
  db::HistoryKey key;
  const auto read = [](const std::string& part, std::int64_t& into) {
    const char* const end = part.data() + part.size();
    const auto [stop, error] = std::from_chars(part.data(), end, into);
    return error == std::errc() && stop == end;
  };
  if (parts[0] != list || !read(parts[1], key.first) || !read(parts[2], key.second))
    return fail(ErrorCode::invalid, "after: not the `next` of a page of this list");
  return key;
}

std::string next_cursor(std::string_view list, bool more, const db::HistoryKey& last) {
  if (!more) return "";
  return encode_cursor({std::string(list), std::to_string(last.first), std::to_string(last.second)});
}

Result<void> check_device(const std::string& id) {
  if (wire::is_device_id(id)) return {};
  return fail(ErrorCode::invalid, "'" + id.substr(0, 64) + "' is not a device id");
}

}  // namespace

void Api::register_routes(Router& router) {
  using Handler = Answer (Api::*)(Call&);
  const auto add = [&](const char* method, const char* pattern, Scope scope, Handler handler) {
    router.add(method, pattern, scope, [this, handler](Call& call) { return (this->*handler)(call); });
  };
  add("GET", "/api/v1/next/{name*}", Scope::device, &Api::get_next);
  add("POST", "/api/v1/devices/{id}/reports", Scope::device, &Api::take_report);
  add("POST", "/api/v1/devices/{id}/data", Scope::device, &Api::take_sample);
  add("GET", "/api/v1/devices/{id}/reports", Scope::devices_read, &Api::list_reports);
  add("GET", "/api/v1/devices/{id}/data", Scope::devices_read, &Api::list_samples);
  add("GET", "/api/v1/releases", Scope::releases_read, &Api::list_releases);
  add("GET", "/api/v1/releases/{name}", Scope::releases_read, &Api::list_releases);
  add("PUT", "/api/v1/releases/{name}/versions/{version}", Scope::releases_write, &Api::register_version);
  add("DELETE", "/api/v1/releases/{name}/versions/{version}", Scope::releases_write, &Api::remove_version);
  add("PUT", "/api/v1/releases/{name}/target", Scope::rollouts_write, &Api::set_target);
  add("GET", "/api/v1/operations/{id}", Scope::releases_read, &Api::get_operation);
  add("POST", "/api/v1/gc", Scope::system_admin, &Api::collect_garbage);
}

Result<void> Api::check_speaks_for(const Call& call, const std::string& device) const {
  const Principal::Kind kind = call.principal().kind;
  if (kind == Principal::Kind::user || kind == Principal::Kind::token) return {};
  return identity_.check_speaks_for(call.request(), device);
}

Api::Answer Api::check_message(Call& call, std::string device, std::string kind, std::uint64_t counter,
                               std::string body) {
  STRATUS_CO_CHECK(identity_.check_carries(call.request(), device));
  const auto& certificate = call.request().peer_certificate;
  const bool own_session = certificate != nullptr && certificate->common_name == device;
  const std::string signature(call.request().headers.get(crypto::kSignatureHeader).value_or(""));
  co_return co_await identity_.check_message(std::move(device), std::move(kind), counter, std::move(body),
                                             signature, own_session);
}

// A sample has no number of its own: the counter in its signature stands for itself.
Api::Answer Api::check_sample(Call& call, std::string device, std::string body) {
  const auto text = call.request().headers.get(crypto::kSignatureHeader);
  const auto signature = crypto::parse_message_signature(text.value_or(""));
  const std::uint64_t counter = signature ? signature->counter : 0;
  co_return co_await check_message(call, std::move(device), "data", counter, std::move(body));
}

Result<bool> Api::has_reported(const std::string& device, const std::string& name,
                               const Digest& running) const {
  STRATUS_TRY(page, catalogue_.reports(device, 50));
  for (const db::Report& report : page.items) {
    if (report.name == name) return report.running == running.text();
  }
  return false;
}

Api::Answer Api::get_next(Call& call) {
  const std::string name = call.parameter("name");
  Digest have;
  if (const auto hex = call.query("have"); hex && !hex->empty()) {
    const auto parsed = Digest::parse("sha256:" + *hex);
    if (!parsed) co_return fail(ErrorCode::invalid, "have: not the 64 hex digits of a manifest digest");
    have = *parsed;
  }
  std::string device = call.query("device").value_or("");
  if (device.empty() && call.principal().kind == Principal::Kind::device) device = call.principal().id;
  if (!device.empty()) {
    STRATUS_CO_CHECK(check_device(device));
    STRATUS_CO_CHECK(check_speaks_for(call, device));
  }
  const bool own_word = identity_.is_own_word(call.request(), device);
  std::optional<rollout::Assignment> own;  // of this device, instead of the name's target
  if (!device.empty()) {
    auto assigned = co_await rollouts_.ask(device, name, have, own_word);
    if (!assigned) co_return forward_error(std::move(assigned));
    // A gateway says that the device has it: its own report must have said so.
    if (!own_word && *assigned && (*assigned)->digest == have) {
      auto look = [&] { return has_reported(device, name, have); };
      auto reported = co_await pool_.run(look);
      if (!reported) co_return forward_error(std::move(reported));
      if (*reported) {
        assigned = co_await rollouts_.ask(device, name, have, true);
        if (!assigned) co_return forward_error(std::move(assigned));
      }
    }
    own = std::move(*assigned);
  }
  Result<std::shared_ptr<const std::string>> answer;
  if (own) answer = co_await releases_.next_version(name, own->version, own->digest, have, device);
  if (!own) answer = co_await releases_.next(name, have, device);
  // Names that mean nothing here leave no trace.
  if (answer && !device.empty()) sightings_.note(device, name, have, own_word);
  const bool held = !device.empty() && !own && rollouts_.holds_back(device, name);
  if (answer && held) answer = std::shared_ptr<const std::string>();
  // No target, but rollouts bring it to some: "nothing for you", which a gateway must not tell the others.
  const bool nothing =
      !answer && answer.error().code() == ErrorCode::not_found && rollouts_.is_personal(name);
  if (nothing) answer = std::shared_ptr<const std::string>();
  if (!answer) co_return forward_error(std::move(answer));
  net::ResponseHead head;
  head.status = *answer ? 200 : 204;
  if (*answer) head.headers.set("Content-Type", "application/json");
  // Gateways must not give one device's answer to another, but keep what they can say while they are cut off.
  if (rollouts_.is_personal(name)) {
    head.headers.set("Cache-Control", "private");
  } else if (held) {
    head.headers.set("Cache-Control", "no-store");
  } else if (rollouts_.updates_any()) {
    head.headers.set("Cache-Control", "no-cache");
  }
  const std::string body = *answer ? **answer : std::string();
  (void)co_await call.exchange().respond(head, body);
  co_return Result<void>();
}

Api::Answer Api::take_report(Call& call) {
  const std::string id = call.parameter("id");
  auto body = co_await call.read_body(wire::DeviceReport::kMaxEncoded);
  if (!body) co_return forward_error(std::move(body));
  auto parsed = wire::parse_report(*body);
  if (!parsed) co_return forward_error(std::move(parsed));
  if (parsed->device != id) {
    co_return fail(ErrorCode::invalid,
                   "the report is of device " + parsed->device + ", the address of another");
  }
  auto genuine = co_await check_message(call, id, "report", parsed->sequence, *body);
  if (!genuine) co_return genuine;
  Event news = report_news(*parsed);
  db::Report report = report_record(*parsed, std::move(*body), now_ms());
  std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
    catalogue_.add_report(std::move(report), std::move(done));
  };
  auto written = co_await await_write(write);
  if (!written) co_return written;
  // Only then: a report that no rollout heard of is sent again.
  auto heard = co_await rollouts_.report(std::move(*parsed));
  if (!heard) co_return heard;
  bus_.publish(std::move(news));
  co_return co_await call.respond_nothing();
}

Api::Answer Api::take_sample(Call& call) {
  const std::string id = call.parameter("id");
  STRATUS_CO_CHECK(check_device(id));
  auto body = co_await call.read_body(kMaxSample);
  if (!body) co_return forward_error(std::move(body));
  const auto value = parse_json(*body, kMaxSample);
  if (!value) co_return fail(value.error());
  if (!value->is_object()) co_return fail(ErrorCode::invalid, "a sample is a JSON object");
  auto genuine = co_await check_sample(call, id, *body);
  if (!genuine) co_return genuine;
  std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
    catalogue_.add_sample(id, std::move(*body), now_ms(), std::move(done));
  };
  auto written = co_await await_write(write);
  if (!written) co_return written;
  co_return co_await call.respond_nothing();
}

Api::Answer Api::list_reports(Call& call) {
  const std::string id = call.parameter("id");
  const std::int64_t limit = call.limit(20, 1000);
  auto after = history_key(call, "reports");
  if (!after) co_return forward_error(std::move(after));
  auto list = [&]() -> Result<std::string> {
    STRATUS_TRY(page, catalogue_.reports(id, limit, *after));
    return encode_reports(page.items, next_cursor("reports", page.more, page.last));
  };
  auto body = co_await lists_.run(list);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

Api::Answer Api::list_samples(Call& call) {
  const std::string id = call.parameter("id");
  const std::int64_t limit = call.limit(100, 10'000);
  auto after = history_key(call, "data");
  if (!after) co_return forward_error(std::move(after));
  auto list = [&]() -> Result<std::string> {
    STRATUS_TRY(page, catalogue_.samples(id, limit, *after));
    return encode_samples(page.items, next_cursor("data", page.more, page.last));
  };
  auto body = co_await lists_.run(list);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

Api::Answer Api::list_releases(Call& call) {
  const std::string name = call.parameter("name");
  auto list = [&] { return catalogue_.releases(name); };
  auto found = co_await lists_.run(list);
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
  co_return co_await call.respond_json(200, body);
}

Api::Answer Api::register_version(Call& call) {
  const std::string name = call.parameter("name");
  const std::string version = call.parameter("version");
  auto text = co_await read_member(call, "digest");
  if (!text) co_return forward_error(std::move(text));
  const auto digest = Digest::parse(*text);
  if (!digest) co_return fail(digest.error());
  auto added = co_await releases_.add(name, version, *digest);
  if (!added) co_return added;
  const std::string detail = json::serialize(json::object{{"digest", digest->text()}});
  bus_.publish({"releases", name, json::serialize(json::object{{"name", name}, {"version", version}})});
  const std::string object = "release:" + name + ":" + version;
  auto noted = co_await call.note("release.register", object, detail);
  if (!noted) co_return noted;
  auto find = [&] { return catalogue_.releases(name); };
  auto found = co_await pool_.run(find);
  if (!found) co_return forward_error(std::move(found));
  std::erase_if(*found, [&](const db::Release& release) { return release.version != version; });
  const auto target = releases_.target(name);
  const std::string body = encode_release(name, *found, target ? &*target : nullptr);
  co_return co_await call.respond_json(200, body);
}

Api::Answer Api::remove_version(Call& call) {
  const std::string name = call.parameter("name");
  const std::string version = call.parameter("version");
  auto removed = co_await releases_.remove(name, version);
  if (!removed) co_return removed;
  const std::string object = "release:" + name + ":" + version;
  const std::string detail = "{}";
  auto noted = co_await call.note("release.remove", object, detail);
  if (!noted) co_return noted;
  co_return co_await call.respond_nothing();
}

Api::Answer Api::set_target(Call& call) {
  const std::string name = call.parameter("name");
  auto asked = co_await call.read_json();
  if (!asked) co_return forward_error(std::move(asked));
  const bool accept_unsigned = take_flag(*asked, "unsigned");
  ObjectReader reader(*asked, "");
  const std::string version = reader.text("version", 255);
  STRATUS_CO_CHECK(reader.done());
  const std::string command = "deploy";
  auto admitted = co_await gate_.admit(name, version, accept_unsigned, command);
  if (!admitted) co_return admitted;
  auto operation = co_await deployments_.start(name, version);
  if (!operation) co_return forward_error(std::move(operation));
  const std::string detail =
      json::serialize(json::object{{"version", version}, {"operation", operation->id}});
  const std::string object = "release:" + name;
  bus_.publish(
      {"releases", name,
       json::serialize(json::object{{"name", name}, {"version", version}, {"operation", operation->id}})});
  auto noted = co_await call.note("release.deploy", object, detail);
  if (!noted) co_return noted;
  const std::string location = "/api/v1/operations/" + operation->id;
  const std::string body = encode_operation(*operation);
  co_return co_await call.respond_accepted(location, body);
}

Api::Answer Api::get_operation(Call& call) {
  const std::string id = call.parameter("id");
  auto find = [&] { return catalogue_.operation(id); };
  auto operation = co_await pool_.run(find);
  if (!operation) co_return forward_error(std::move(operation));
  const std::string body = encode_operation(*operation);
  co_return co_await call.respond_json(200, body);
}

Api::Answer Api::collect_garbage(Call& call) {
  const auto text = call.query("dry_run");
  const bool dry_run = text && *text != "0" && *text != "false";
  auto collect = [&] { return garbage_(dry_run); };
  auto report = co_await garbage_pool_.run(collect);
  if (!report) co_return forward_error(std::move(report));
  if (!dry_run) {
    const std::string action = "system.collect_garbage", object = "store";
    const std::string detail = encode_garbage(*report, dry_run);
    auto noted = co_await call.note(action, object, detail);
    if (!noted) co_return noted;
  }
  const std::string body = encode_garbage(*report, dry_run);
  co_return co_await call.respond_json(200, body);
}

}  // namespace stratus::server
