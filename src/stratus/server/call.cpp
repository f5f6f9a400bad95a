#include "stratus/server/call.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/ulid.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/server/request_text.hpp"

namespace stratus::server {
namespace {

net::ResponseHead json_head(int status, const std::string& etag) {
  net::ResponseHead head;
  head.status = status;
  head.headers.set("Content-Type", "application/json");
  if (!etag.empty()) head.headers.set("ETag", "\"" + etag + "\"");
  return head;
}

}  // namespace

Call::Call(net::Exchange& exchange, Parameters parameters, Principal principal, Changes* changes,
           const std::vector<std::string>& trusted, TaggedExchange* tagged)
    : exchange_(exchange),
      tagged_(tagged),
      parameters_(std::move(parameters)),
      principal_(std::move(principal)),
      changes_(changes) {
  const net::RequestHead& head = exchange.request();
  const std::string peer = without_port(head.peer_address);
  address_ = client_address(peer, head.headers.get("X-Forwarded-For").value_or(""), trusted);
  const bool by_proxy = std::find(trusted.begin(), trusted.end(), peer) != trusted.end();
  secure_ = head.secure || (by_proxy && head.headers.get("X-Forwarded-Proto").value_or("") == "https");
}

const std::string& Call::request_id() {
  if (request_id_.empty()) request_id_ = tagged_ != nullptr ? tagged_->id() : new_ulid();
  return request_id_;
}

const std::string& Call::parameter(std::string_view name) const {
  const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                  [&](const auto& pair) { return pair.first == name; });
  static const std::string none;
  return found == parameters_.end() ? none : found->second;
}

std::int64_t Call::limit(std::int64_t otherwise, std::int64_t most) const {
  const auto text = query("limit");
  std::int64_t value = otherwise;
  if (text) (void)std::from_chars(text->data(), text->data() + text->size(), value);
  return std::clamp<std::int64_t>(value, 1, most);
}

net::Task<Result<std::string>> Call::read_body(std::size_t limit) {
  auto body = co_await exchange_.read_all(limit);
  if (body && request().headers.get("Idempotency-Key")) body_hash_ = sha256(*body).hex();
  co_return body;
}

net::Task<Result<boost::json::value>> Call::read_json(std::size_t limit) {
  auto body = co_await read_body(limit);
  if (!body) co_return forward_error(std::move(body));
  co_return parse_json(*body, limit);
}

net::Task<Result<void>> Call::respond_json(int status, std::string body, std::string etag) {
  net::ResponseHead head = json_head(status, etag);
  const bool asks = request().method == "GET" || request().method == "HEAD";
  const auto known = request().headers.get("If-None-Match");
  if (asks && !etag.empty() && known && etag_list_contains(*known, etag)) {
    head.status = 304;
    body.clear();
  }
  (void)co_await exchange_.respond(head, body);
  co_return Result<void>();
}

net::Task<Result<void>> Call::respond_nothing() {
  net::ResponseHead head;
  head.status = 204;
  const std::string empty;
  (void)co_await exchange_.respond(head, empty);
  co_return Result<void>();
}

net::Task<Result<void>> Call::respond_created(std::string location, std::string body, std::string etag) {
  net::ResponseHead head = json_head(201, etag);
  head.headers.set("Location", location);
  (void)co_await exchange_.respond(head, body);
  co_return Result<void>();
}

net::Task<Result<void>> Call::respond_accepted(std::string location, std::string body) {
  const std::string no_etag;
  net::ResponseHead head = json_head(202, no_etag);
  head.headers.set("Location", location);
  (void)co_await exchange_.respond(head, body);
  co_return Result<void>();
}

Actor Call::actor() { return {principal_.label(), address_, request_id(), principal_.person()}; }

Result<RepeatKey> Call::repeat_key() {
  RepeatKey repeat;
  const auto key = request().headers.get("Idempotency-Key");
  // A question may be asked again: what it happens to note is no answer to keep.
  const bool asks = request().method == "GET" || request().method == "HEAD";
  if (!key || asks || principal_.kind == Principal::Kind::anonymous) return repeat;
  if (key->empty() || key->size() > 255)
    return fail(ErrorCode::invalid, "Idempotency-Key: 1 to 255 characters");
  repeat.key = sha256(principal_.label() + "\n" + principal_.id + "\n" + std::string(*key)).hex();
  repeat.fingerprint = sha256(request().method + " " + request().target + "\n" + body_hash_).hex();
  return repeat;
}

net::Task<Result<Reply>> Call::apply(ChangeWork work) {
  if (changes_ == nullptr) co_return fail(ErrorCode::internal, "this server keeps no changes");
  auto repeat = repeat_key();
  if (!repeat) co_return forward_error(std::move(repeat));
  Actor who = actor();
  auto reply = co_await changes_->apply(std::move(who), std::move(work), std::move(*repeat));
  co_return reply;
}

net::Task<Result<void>> Call::respond(Reply reply) {
  net::ResponseHead head;
  head.status = reply.status;
  if (!reply.body.empty()) head.headers.set("Content-Type", "application/json");
  if (!reply.etag.empty()) head.headers.set("ETag", "\"" + reply.etag + "\"");
  if (!reply.location.empty()) head.headers.set("Location", reply.location);
  if (reply.secret) head.headers.set("Cache-Control", "no-store");
  if (reply.replayed) head.headers.set("Idempotency-Replayed", "true");
  (void)co_await exchange_.respond(head, reply.body);
  co_return Result<void>();
}

net::Task<Result<void>> Call::note(std::string action, std::string object, std::string detail) {
  if (changes_ == nullptr) co_return Result<void>();
  const ChangeWork work = [action, object, detail](Change& change) -> Result<Reply> {
    STRATUS_CHECK(change.record(action, object, detail));
    return Reply();
  };
  Actor who = actor();
  auto noted = co_await changes_->apply(std::move(who), work);
  if (!noted) co_return forward_error(std::move(noted));
  co_return Result<void>();
}

net::Task<Result<void>> Call::commit(ChangeWork work) {
  auto reply = co_await apply(std::move(work));
  if (!reply) co_return forward_error(std::move(reply));
  co_return co_await respond(std::move(*reply));
}

std::optional<std::string> Call::if_match() const {
  const auto wanted = request().headers.get("If-Match");
  return wanted ? std::optional<std::string>(*wanted) : std::nullopt;
}

Result<void> Call::check_if_match(std::string_view etag, bool demanded) const {
  return check_precondition(if_match(), etag, demanded);
}

Result<void> check_precondition(const std::optional<std::string>& wanted, std::string_view etag,
                                bool demanded) {
  if (!wanted && demanded) {
    return fail(ErrorCode::conflict, "say in If-Match which version you change (its ETag)",
                "precondition_required");
  }
  if (!wanted || *wanted == "*" || etag_list_contains(*wanted, etag)) return {};
  return fail(ErrorCode::conflict, "it was changed meanwhile; read it again", "precondition_failed");
}

bool etag_list_contains(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    const std::size_t open = list.find('"');
    if (open == std::string_view::npos) return false;
    const std::size_t close = list.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    if (list.substr(open + 1, close - open - 1) == etag) return true;
    list.remove_prefix(close + 1);
  }
  return false;
}

}  // namespace stratus::server
