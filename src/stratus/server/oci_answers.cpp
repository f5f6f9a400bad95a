#include "stratus/server/oci_answers.hpp"

namespace stratus::server {

tl::unexpected<OciError> refuse(int status, std::string code, std::string message) {
  return tl::unexpected<OciError>(OciError{status, std::move(code), std::move(message)});
}

tl::unexpected<OciError> refuse(const Error& error, std::string unknown_code, std::string invalid_code) {
  switch (error.code()) {
    case ErrorCode::not_found:
      return refuse(404, std::move(unknown_code), error.text());
    case ErrorCode::invalid:
      return refuse(400, std::move(invalid_code), error.text());
    case ErrorCode::conflict:
      return refuse(409, std::move(invalid_code), error.text());
    case ErrorCode::corrupt:
      return refuse(400, "DIGEST_INVALID", error.text());
    case ErrorCode::denied:
      return refuse(403, "DENIED", error.text());
    default:
      return refuse(mapping_of(error.code()).http_status, "UNKNOWN", error.text());
  }
}

net::Task<void> respond_oci_error(net::Exchange& exchange, OciError error) {
  net::ResponseHead head;
  head.status = error.status;
  head.headers.set("Content-Type", "application/json");
  if (error.status == 401) head.headers.set("WWW-Authenticate", "Basic realm=\"stratus\"");
  const std::string body = oci::encode_oci_error(error);
  (void)co_await exchange.respond(head, body);
}

}  // namespace stratus::server
