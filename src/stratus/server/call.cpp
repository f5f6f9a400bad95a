#include "stratus/server/call.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/base/reason.hpp"
#include "stratus/base/ulid.hpp"

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

const std::string& Call::request_id() {
  if (request_id_.empty()) request_id_ = new_ulid();
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

net::Task<Result<std::string>> Call::read_body(std::size_t limit) { return exchange_.read_all(limit); }

net::Task<Result<boost::json::value>> Call::read_json(std::size_t limit) {
  auto body = co_await exchange_.read_all(limit);
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

Result<void> Call::check_if_match(std::string_view etag, bool demanded) const {
  const auto wanted = request().headers.get("If-Match");
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
