// One request that a route took: what was asked, by whom, and the ways to answer. Lives during the handler's
// call, on the loop.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/json/fwd.hpp>

#include "stratus/net/http_server.hpp"
#include "stratus/server/changes.hpp"
#include "stratus/server/principal.hpp"
#include "stratus/server/tagged_exchange.hpp"

namespace stratus::server {

class Call {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  static constexpr std::size_t kMaxBody = 64u << 10;  // bytes, where a handler says nothing else

  // `changes` may be null where nothing is changed through commit(). `trusted`: addresses of proxies.
  // `tagged`: the same exchange, when it has an id that its answer shows.
  Call(net::Exchange& exchange, Parameters parameters, Principal principal, Changes* changes,
       const std::vector<std::string>& trusted, TaggedExchange* tagged = nullptr);

  net::Exchange& exchange() { return exchange_; }
  const net::RequestHead& request() const { return exchange_.request(); }
  const Principal& principal() const { return principal_; }
  const std::string& address() const { return address_; }  // where from, without port
  bool secure() const { return secure_; }                  // TLS, here or at a trusted proxy
  const std::string& request_id();                         // for logs and the audit

  // The decoded part of the path that "{name}" stands for. The pattern must have it.
  const std::string& parameter(std::string_view name) const;
  std::optional<std::string> query(std::string_view name) const { return request().query(name); }
  // ?limit=, brought into 1 … most.
  std::int64_t limit(std::int64_t otherwise, std::int64_t most) const;

  net::Task<Result<std::string>> read_body(std::size_t limit);
  // Strict JSON (base/json.hpp).
  net::Task<Result<boost::json::value>> read_json(std::size_t limit = kMaxBody);

  // `etag` without quotes; with one, a GET whose If-None-Match names it gets 304 and no body.
  net::Task<Result<void>> respond_json(int status, std::string body, std::string etag = {});
  net::Task<Result<void>> respond_nothing();  // 204
  // 201 or 202: where the new thing is, or where to look how far the work got.
  net::Task<Result<void>> respond_created(std::string location, std::string body, std::string etag = {});
  net::Task<Result<void>> respond_accepted(std::string location, std::string body);

  // Runs a change as one transaction with its audit entries, in the name of who asks. A request with an
  // Idempotency-Key (POST, PUT, PATCH, DELETE of somebody known) that succeeded within the last 24 hours is
  // not done again: the kept answer comes back. Read the body before.
  net::Task<Result<Reply>> apply(ChangeWork work);
  // What apply() knows a repetition by, for changes that are made in other ways; empty without the header.
  Result<RepeatKey> repeat_key();
  net::Task<Result<void>> commit(ChangeWork work);  // the same, and answers
  net::Task<Result<void>> respond(Reply reply);
  // An audit entry of its own, for what was done without a Change (files, catalogue).
  net::Task<Result<void>> note(std::string action, std::string object, std::string detail);
  Actor actor();

  std::optional<std::string> if_match() const;
  // `precondition_failed` (412) when the request has an If-Match that names no version `etag`;
  // `precondition_required` (428) when it has none and one is demanded.
  Result<void> check_if_match(std::string_view etag, bool demanded = false) const;

 private:
  net::Exchange& exchange_;
  TaggedExchange* tagged_;
  Parameters parameters_;
  Principal principal_;
  Changes* changes_;
  std::string address_;
  bool secure_;
  std::string request_id_;
  std::string body_hash_;
};

// What check_if_match does, for inside a change: `wanted` is Call::if_match().
Result<void> check_precondition(const std::optional<std::string>& wanted, std::string_view etag,
                                bool demanded = false);

// Whether a list of entity tags (RFC 9110 section 8.8.3; weak ones count as their strong form) has `etag`.
bool etag_list_contains(std::string_view list, std::string_view etag);

}  // namespace stratus::server
