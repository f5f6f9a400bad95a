#include "stratus/gateway/error_answers.hpp"

#include <boost/json.hpp>

namespace stratus::gateway {
namespace {

bool in_registry(const net::Exchange& exchange) { return exchange.request().path.starts_with("/v2"); }

std::string problem(std::string_view title, int status, std::string_view detail, std::string_view code) {
  return boost::json::serialize(
      boost::json::object{{"title", title}, {"status", status}, {"detail", detail}, {"code", code}});
}

}  // namespace

net::Task<void> respond_error(net::Exchange& exchange, Error error) {
  const ErrorMapping& mapping = mapping_of(error.code());
  const bool too_large = exchange.body_over_limit() && error.code() == ErrorCode::no_space;
  net::ResponseHead head;
  head.status = too_large ? 413 : error.code() == ErrorCode::corrupt ? 502 : mapping.http_status;
  if (head.status == 503) head.headers.set("Retry-After", "5");
  std::string body;
  if (in_registry(exchange)) {
    const bool blob = exchange.request().path.find("/blobs/") != std::string::npos;
    const char* const missing = blob ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN";
    head.headers.set("Content-Type", "application/json");
    body = oci::encode_oci_error({head.status, head.status == 404 ? missing : "UNKNOWN", error.text()});
  } else {
    head.headers.set("Content-Type", "application/problem+json");
    body = problem(mapping.name, head.status, error.text(),
                   error.reason().empty() ? mapping.name : std::string_view(error.reason()));
  }
  (void)co_await exchange.respond(std::move(head), std::move(body));
}

net::Task<void> respond_read_only(net::Exchange& exchange, std::string upstream) {
  const std::string detail = exchange.request().method +
                             " is not possible at a gateway, it only passes on what " +
                             "there is; send this to the server (upstream: " + upstream + ")";
  net::ResponseHead head;
  head.status = 405;
  head.headers.set("Allow", "GET, HEAD");
  head.headers.set("Content-Type", in_registry(exchange) ? "application/json" : "application/problem+json");
  std::string body = in_registry(exchange) ? oci::encode_oci_error({405, "UNSUPPORTED", detail})
                                           : problem("read only", 405, detail, "read only");
  (void)co_await exchange.respond(std::move(head), std::move(body));
}

net::Task<void> respond_oci_error(net::Exchange& exchange, oci::OciError error) {
  net::ResponseHead head;
  head.status = error.status;
  head.headers.set("Content-Type", "application/json");
  std::string body = oci::encode_oci_error(error);
  (void)co_await exchange.respond(std::move(head), std::move(body));
}

}  // namespace stratus::gateway
