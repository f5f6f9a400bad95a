#include "stratus/server/identity_messages.hpp"

#include <boost/json.hpp>

#include "stratus/base/log.hpp"
#include "stratus/base/result.hpp"

namespace stratus::server {
namespace {

std::string problem_of(const Error& error) {
  const std::string_view reason = error.reason();
  return boost::json::serialize(boost::json::object{
      {"code", reason.empty() ? mapping_of(error.code()).name : reason}, {"detail", error.text()}});
}

// `device` is who the broker let in under that name; what the request says does not matter.
net::Task<void> renew(Identity& identity, DeviceLink& link, std::string device, std::string body) {
  std::string answer;
  auto request = wire::parse_renew_request(body);
  if (request) {
    auto renewed = co_await identity.renew(device, request->csr);
    answer = renewed ? wire::encode_enrol_answer(*renewed) : problem_of(renewed.error());
  } else {
    answer = problem_of(request.error());
  }
  const auto sent = link.send(device, "cert/renew/response", std::move(answer));
  if (!sent) log::warning("identity", "cannot answer the renewal of {}: {}", device, sent.error().text());
}

}  // namespace

void join_messaging(Identity& identity, Messaging& messaging, net::TaskGroup& tasks) {
  DeviceLink& link = messaging.link();
  link.on_message("cert/renew/request", {}, [&identity, &link, &tasks](const DeviceMessage& message) {
    if (message.gateway.empty()) {
      tasks.spawn(renew(identity, link, message.device, message.body));
    } else {  // that session is the gateway's: over HTTPS the device can sign its request
      log::info("identity", "{} asked {} for a renewal over MQTT; refused", message.device, message.gateway);
    }
  });
  identity.on_revoked([&messaging](const std::string& device) { messaging.shut_out(device); });
  identity.on_revocation_list([&messaging] { messaging.reload(); });
}

}  // namespace stratus::server
