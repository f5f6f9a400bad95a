#include "stratus/server/tagged_exchange.hpp"

#include <algorithm>

#include "stratus/base/ulid.hpp"

namespace stratus::server {

std::string request_id_of(const net::RequestHead& request) {
  const auto given = request.headers.get("X-Request-Id");
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (given && given->size() >= 8 && given->size() <= 64 && std::all_of(given->begin(), given->end(), plain))
    return std::string(*given);
  return new_ulid();
}

std::string with_request_id(std::string problem, std::string_view id) {
  if (!problem.starts_with('{') || !problem.ends_with('}') || problem.size() < 3) return problem;
  problem.pop_back();
  problem += ",\"request_id\":\"";
  problem += id;
  problem += "\"}";
  return problem;
}

const std::string& TaggedExchange::id() {
  if (id_.empty()) id_ = request_id_of(request());
  return id_;
}

void TaggedExchange::tag(net::ResponseHead& head) {
  status_ = head.status;
  if (always_ || head.status >= 400) head.headers.set("X-Request-Id", id());
}

net::Task<Result<void>> TaggedExchange::respond(net::ResponseHead head, std::string body) {
  tag(head);
  if (head.headers.get("Content-Type").value_or("") == "application/problem+json")
    body = with_request_id(std::move(body), id());
  return inner_.respond(std::move(head), std::move(body));
}

net::Task<Result<void>> TaggedExchange::respond_file(net::ResponseHead head, int fd, std::uint64_t offset,
                                                     std::uint64_t length) {
  tag(head);
  return inner_.respond_file(std::move(head), fd, offset, length);
}

net::Task<Result<void>> TaggedExchange::begin(net::ResponseHead head, std::optional<std::uint64_t> length) {
  tag(head);
  return inner_.begin(std::move(head), length);
}

}  // namespace stratus::server
