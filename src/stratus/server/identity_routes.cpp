#include "stratus/server/identity_routes.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/base/result.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/crypto/signing_request.hpp"
#include "stratus/server/cursor.hpp"
#include "stratus/wire/revocations.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;
using Answer = net::Task<Result<void>>;

json::object describe(const db::RegistrationCode& code) {
  json::object out{{"id", code.id},
                   {"kind", code.kind},
                   {"region", code.region},
                   {"group", code.group},
                   {"created_at", format_time_ms(code.created_ms)},
                   {"created_by", code.created_by},
                   {"expires_at", format_time_ms(code.expires_ms)}};
  if (!code.device.empty()) out["device"] = code.device;
  if (!code.names.empty()) out["names"] = code.names;
  if (code.used_ms != 0) {
    out["used_at"] = format_time_ms(code.used_ms);
    out["used_by"] = code.used_by;
  }
  return out;
}

json::object describe(const db::Certificate& certificate) {
  json::object out{{"serial", certificate.serial},
                   {"device", certificate.device},
                   {"kind", certificate.kind},
                   {"fingerprint", certificate.fingerprint},
                   {"key_id", certificate.key_id},
                   {"state", certificate.state},
                   {"not_before", format_time_ms(certificate.not_before_ms)},
                   {"not_after", format_time_ms(certificate.not_after_ms)},
                   {"issued_at", format_time_ms(certificate.issued_ms)}};
  if (certificate.state != "active") {
    out["ended_at"] = format_time_ms(certificate.changed_ms);
    out["reason"] = certificate.reason;
  }
  return out;
}

json::object describe(const crypto::CertificateInfo& info, const std::string& pem) {
  return {{"subject", info.common_name},
          {"serial", info.serial},
          {"fingerprint", info.fingerprint},
          {"not_before", format_time(info.not_before)},
          {"not_after", format_time(info.not_after)},
          {"pem", pem}};
}

Result<CodeWish> read_wish(const json::value& value) {
  ObjectReader reader(value, "");
  CodeWish wish;
  wish.region = reader.optional_text("region", 64);
  wish.group = reader.optional_text("group", 64);
  const std::string kind = reader.optional_text("kind", 16);
  if (!kind.empty()) wish.kind = kind;
  wish.device = reader.optional_text("device", 64);
  wish.lifetime = std::chrono::seconds(reader.optional_number("ttl_s", 3600));
  wish.count = reader.optional_number("count", 1);
  for (const json::value& name : reader.optional_array("names", 16)) {
    if (name.is_string()) {
      wish.names.emplace_back(name.as_string());
    } else {
      reader.reject("names", "not a list of texts");
    }
  }
  STRATUS_CHECK(reader.done());
  return wish;
}

Answer make_codes(Identity& identity, Call& call) {
  auto value = co_await call.read_json();
  if (!value) co_return forward_error(std::move(value));
  auto wish = read_wish(*value);
  if (!wish) co_return forward_error(std::move(wish));
  wish->by = call.principal().label();
  const std::string region = wish->region, group = wish->group, kind = wish->kind;
  auto made = co_await identity.make_codes(std::move(*wish));
  if (!made) co_return forward_error(std::move(made));
  json::array codes;
  for (const NewCode& code : *made)
    codes.push_back(
        json::object{{"id", code.id}, {"code", code.code}, {"expires_at", format_time_ms(code.expires_ms)}});
  const json::object body{{"kind", kind}, {"region", region}, {"group", group}, {"codes", std::move(codes)}};
  const std::string where =
      made->size() == 1 ? "/api/v1/registration-codes/" + made->front().id : "/api/v1/registration-codes";
  co_return co_await call.respond_created(where, json::serialize(body));
}

Answer list_codes(Identity& identity, Call& call) {
  const bool all = call.query("all").value_or("0") == "1";
  const std::int64_t limit = call.limit(200, 1000);
  auto found = co_await identity.list_codes(!all, limit);
  if (!found) co_return forward_error(std::move(found));
  json::array codes;
  for (const db::RegistrationCode& code : *found) codes.push_back(describe(code));
  const json::object body{{"items", std::move(codes)}};
  co_return co_await call.respond_json(200, json::serialize(body));
}

Answer withdraw_code(Identity& identity, Call& call) {
  const std::string id = call.parameter("id"), by = call.principal().label();
  auto done = co_await identity.withdraw_code(id, by);
  if (!done) co_return done;
  co_return co_await call.respond_nothing();
}

Answer enrol(Identity& identity, Call& call) {
  auto body = co_await call.read_body(wire::EnrolRequest::kMaxEncoded);
  if (!body) co_return forward_error(std::move(body));
  auto request = wire::parse_enrol_request(*body);
  if (!request) co_return forward_error(std::move(request));
  const std::string origin = call.request().peer_address;
  auto answer = co_await identity.enrol(std::move(*request), origin);
  if (!answer) co_return forward_error(std::move(answer));
  co_return co_await call.respond_json(201, wire::encode_enrol_answer(*answer));
}

// Through a gateway the session is the gateway's: there the device proves itself by a signature with the key
// of the certificate that it has. The request names it, and is believed only because that signature is right.
net::Task<Result<std::string>> prove_by_signature(Identity& identity, Call& call, std::string body,
                                                  std::string csr_text) {
  const std::string signature(call.request().headers.get(crypto::kSignatureHeader).value_or(""));
  const auto parsed = crypto::parse_message_signature(signature);
  const auto csr = crypto::parse_signing_request(csr_text);
  if (!parsed || !csr || csr->common_name.empty() || !identity.is_enrolled(csr->common_name)) {
    co_return fail(ErrorCode::denied, "renewal needs the device's own TLS session or its signature",
                   "certificate_required");
  }
  std::string device = csr->common_name;
  auto genuine =
      co_await identity.check_message(device, "renew", parsed->counter, std::move(body), signature, false);
  if (!genuine) co_return forward_error(std::move(genuine));
  co_return device;
}

Answer renew(Identity& identity, Call& call) {
  auto peer = identity.identify(call.request());
  if (!peer) co_return forward_error(std::move(peer));
  auto body = co_await call.read_body(wire::EnrolRequest::kMaxEncoded);
  if (!body) co_return forward_error(std::move(body));
  auto request = wire::parse_renew_request(*body);
  if (!request) co_return forward_error(std::move(request));
  std::string device = *peer ? (*peer)->id : "";
  const bool carried = *peer && (*peer)->kind == crypto::CertificateKind::gateway &&
                       call.request().headers.get(crypto::kSignatureHeader).has_value();
  if (!*peer || carried) {
    auto proven = co_await prove_by_signature(identity, call, *body, request->csr);
    if (!proven) co_return forward_error(std::move(proven));
    device = std::move(*proven);
  } else {
    STRATUS_CO_CHECK(identity.check_grace(*call.request().peer_certificate));
  }
  auto answer = co_await identity.renew(device, std::move(request->csr));
  if (!answer) co_return forward_error(std::move(answer));
  co_return co_await call.respond_json(201, wire::encode_enrol_answer(*answer));
}

Answer revoke(Identity& identity, Call& call) {
  std::string reason;
  if (call.request().content_length.value_or(0) > 0) {
    auto value = co_await call.read_json();
    if (!value) co_return forward_error(std::move(value));
    ObjectReader reader(*value, "");
    reason = reader.optional_text("reason", 256);
    STRATUS_CO_CHECK(reader.done());
  }
  const std::string device = call.parameter("id"), by = call.principal().label();
  auto done = co_await identity.revoke(device, by, std::move(reason));
  if (!done) co_return done;
  co_return co_await call.respond_nothing();
}

Answer certificates(Identity& identity, Call& call) {
  const std::string device = call.parameter("id");
  auto found = co_await identity.certificates(device);
  if (!found) co_return forward_error(std::move(found));
  json::array list;
  for (const db::Certificate& certificate : *found) list.push_back(describe(certificate));
  const json::object body{{"device", device},
                          {"enrolled", identity.is_enrolled(device)},
                          {"revoked", identity.is_revoked(device)},
                          {"items", std::move(list)}};
  co_return co_await call.respond_json(200, json::serialize(body));
}

Result<db::CertificateQuery> certificate_query(const Call& call) {
  db::CertificateQuery query;
  query.state = call.query("state").value_or("active");
  if (query.state == "any") {
    query.state.clear();
  } else if (query.state != "active" && query.state != "superseded" && query.state != "revoked") {
    return fail(ErrorCode::invalid, "state: active, superseded, revoked or any");
  }
  query.device = call.query("device").value_or("");
  query.serial = call.query("serial").value_or("");
  for (char& c : query.serial) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  if (const auto before = call.query("expires_before")) {
    STRATUS_TRY(time, parse_time(*before).with_context("expires_before"));
    query.expires_before_ms = time.time_since_epoch().count();
  }
  query.newest = call.query("newest").value_or("") == "true";
  query.limit = call.limit(100, 1000) + 1;
  if (const auto cursor = call.query("cursor"); cursor && !cursor->empty()) {
    STRATUS_TRY(parts, decode_cursor(*cursor, 3));
    const char* const end = parts[1].data() + parts[1].size();
    const auto read = std::from_chars(parts[1].data(), end, query.after_ms);
    if (parts[0] != "certificates" || read.ec != std::errc() || read.ptr != end)
      return fail(ErrorCode::invalid, "cursor: not one of this list");
    query.after_serial = parts[2];
  }
  return query;
}

Answer all_certificates(Identity& identity, Call& call) {
  auto query = certificate_query(call);
  if (!query) co_return forward_error(std::move(query));
  const std::size_t limit = static_cast<std::size_t>(query->limit) - 1;
  auto found = co_await identity.list_certificates(std::move(*query));
  if (!found) co_return forward_error(std::move(found));
  json::object body;
  if (found->size() > limit) {
    found->resize(limit);
    const db::Certificate& last = found->back();
    body["next"] = encode_cursor({"certificates", std::to_string(last.not_after_ms), last.serial});
  }
  json::array list;
  for (const db::Certificate& certificate : *found) list.push_back(describe(certificate));
  body["items"] = std::move(list);
  co_return co_await call.respond_json(200, json::serialize(body));
}

net::Task<Result<void>> respond_pem(Call& call, std::string body) {
  net::ResponseHead head;
  head.headers.set("Content-Type", "application/x-pem-file");
  (void)co_await call.exchange().respond(head, std::move(body));
  co_return Result<void>();
}

Answer show_ca(Identity& identity, Call& call) {
  const crypto::CertificateAuthority& authority = identity.authority();
  if (call.query("form").value_or("") == "pem") co_return co_await respond_pem(call, identity.client_ca());
  json::object body{{"identity", identity.config().mode == IdentityMode::required ? "required" : "optional"},
                    {"root", describe(authority.root(), authority.root_pem())},
                    {"intermediate", describe(authority.intermediate(), authority.intermediate_pem())},
                    {"root_key_online", authority.has_root_key()}};
  if (const auto& times = identity.revocation_list_times()) {
    body["revocation_list"] = {{"this_update", format_time(times->this_update)},
                               {"next_update", format_time(times->next_update)}};
  }
  co_return co_await call.respond_json(200, json::serialize(body));
}

Answer show_list(Identity& identity, Call& call) {
  if (identity.revocation_list().empty()) {
    co_return fail(ErrorCode::unavailable, "the revocation list is being made");
  }
  co_return co_await respond_pem(call, identity.revocation_list());
}

// Whom to turn away: for gateways, and for people who may see devices.
Answer show_revocations(Identity& identity, Call& call) {
  auto peer = identity.identify(call.request());
  if (!peer) co_return forward_error(std::move(peer));
  const bool is_gateway = *peer && (*peer)->kind == crypto::CertificateKind::gateway && !(*peer)->expired;
  const Principal::Kind kind = call.principal().kind;
  const bool is_person = kind == Principal::Kind::user || kind == Principal::Kind::token;
  if (!is_gateway && !(is_person && call.principal().may(Scope::devices_read)))
    co_return fail(ErrorCode::denied, "this is for gateways", "certificate_required");
  if (identity.revocation_list().empty())
    co_return fail(ErrorCode::unavailable, "the revocation list is being made");
  wire::Revocations answer;
  answer.required = identity.config().mode == IdentityMode::required;
  answer.devices.assign(identity.revoked_devices().begin(), identity.revoked_devices().end());
  std::sort(answer.devices.begin(), answer.devices.end());
  answer.list = identity.revocation_list();
  std::string body = wire::encode_revocations(answer);
  std::string etag = sha256(std::string_view(body)).hex().substr(0, 32);
  co_return co_await call.respond_json(200, std::move(body), std::move(etag));
}

}  // namespace

void register_identity_routes(Router& router, Identity& identity) {
  using Handler = Answer (*)(Identity&, Call&);
  const auto add = [&](const char* method, const char* pattern, Scope scope, Handler handler) {
    router.add(method, pattern, scope, [&identity, handler](Call& call) { return handler(identity, call); });
  };
  add("POST", "/api/v1/registration-codes", Scope::devices_write, &make_codes);
  add("GET", "/api/v1/registration-codes", Scope::devices_write, &list_codes);
  add("DELETE", "/api/v1/registration-codes/{id}", Scope::devices_write, &withdraw_code);
  add("POST", "/api/v1/enrol", Scope::open, &enrol);
  add("POST", "/api/v1/certificates/renew", Scope::open, &renew);
  add("POST", "/api/v1/devices/{id}/revoke", Scope::devices_write, &revoke);
  add("GET", "/api/v1/devices/{id}/certificates", Scope::devices_read, &certificates);
  add("GET", "/api/v1/certificates", Scope::devices_read, &all_certificates);
  add("GET", "/api/v1/ca", Scope::open, &show_ca);
  add("GET", "/api/v1/ca/crl", Scope::open, &show_list);
  add("GET", "/api/v1/ca/revocations", Scope::open, &show_revocations);
}

}  // namespace stratus::server
