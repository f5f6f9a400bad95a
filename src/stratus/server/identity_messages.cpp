#include "stratus/server/identity_messages.hpp"

#include "stratus/base/log.hpp"
#include "stratus/base/result.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/wire/messages.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::server {
namespace {

// What a gateway passes on proves itself: the report inside is signed by the device.
net::Task<Result<void>> check_result(Identity& identity, DeviceMessage message) {
  auto result = wire::parse_result(message.body);
  if (!result) co_return forward_error(std::move(result));
  const bool own_session = message.gateway.empty();
  std::uint64_t sequence = 0;
  if (const auto report = wire::parse_report(result->report)) sequence = report->sequence;
  co_return co_await identity.check_message(message.device, "report", sequence, std::move(result->report),
                                            std::move(result->signature), own_session);
}

// A gateway could end the wait for a device that goes on.
net::Task<Result<void>> check_cancelled(Identity& identity, DeviceMessage message) {
  auto answer = wire::parse_command_answer(message.body);
  if (!answer) co_return forward_error(std::move(answer));
  const bool own_session = message.gateway.empty();
  std::string text = wire::signed_text(*answer);
  co_return co_await identity.check_message(message.device, "cancel", answer->envelope.seq, std::move(text),
                                            std::move(answer->signature), own_session);
}

// In the device's own session it is who the broker let in under that name; what the request says does not
// matter. What a gateway carries, the device signed with the key that it has.
net::Task<Result<wire::EnrolAnswer>> renew_for(Identity& identity, const DeviceMessage& message) {
  auto request = wire::parse_renew_request(message.body);
  if (!request) co_return forward_error(std::move(request));
  if (!message.gateway.empty()) {
    const auto parsed = crypto::parse_message_signature(request->signature);
    if (!parsed || !identity.is_enrolled(message.device))
      co_return fail(ErrorCode::denied, "renewal through a gateway needs the device's signature",
                     "signature_required");
    auto genuine = co_await identity.check_message(message.device, "renew", parsed->counter, request->csr,
                                                   request->signature, false);
    if (!genuine) co_return forward_error(std::move(genuine));
  }
  co_return co_await identity.renew(message.device, std::move(request->csr));
}

net::Task<void> renew(Identity& identity, DeviceLink& link, DeviceMessage message) {
  auto renewed = co_await renew_for(identity, message);
  std::string reply = renewed ? wire::encode_enrol_answer(*renewed) : wire::encode_refusal(renewed.error());
  const auto sent = link.send(message.device, "cert/renew/response", std::move(reply));
  if (!sent)
    log::warning("identity", "cannot answer the renewal of {}: {}", message.device, sent.error().text());
}

net::Task<void> enrol(Identity& identity, DeviceLink& link, std::string device, std::string body) {
  std::string reply = co_await answer_enrolment(identity, device, std::move(body));
  const auto sent = link.send(device, "regist/ack", std::move(reply));
  if (!sent) log::warning("identity", "cannot answer {}: {}", device, sent.error().text());
}

}  // namespace

net::Task<std::string> answer_enrolment(Identity& identity, std::string client, std::string body) {
  auto request = wire::parse_enrol_request(body);
  if (!request) co_return wire::encode_refusal(request.error());
  const std::string origin = "mqtt:" + client;
  auto answer = co_await identity.enrol(std::move(*request), origin);
  co_return answer ? wire::encode_enrol_answer(*answer) : wire::encode_refusal(answer.error());
}

void join_messaging(Identity& identity, Messaging& messaging, net::TaskGroup& tasks) {
  DeviceLink& link = messaging.link();
  link.on_message("cert/renew/request", {}, [&identity, &link, &tasks](const DeviceMessage& message) {
    tasks.spawn(renew(identity, link, message));
  });
  // From who has a certificate already, with a code that was made for it.
  link.on_message("regist", {}, [&identity, &link, &tasks](const DeviceMessage& message) {
    if (message.gateway.empty()) tasks.spawn(enrol(identity, link, message.device, message.body));
  });
  link.admit_by([&identity](const std::string& device) { return !identity.is_revoked(device); });
  link.check_results_by([&identity](const DeviceMessage& message) {
    return message.kind == "update/cancel/ack" ? check_cancelled(identity, message)
                                               : check_result(identity, message);
  });
  identity.on_revoked([&messaging](const std::string& device) { messaging.shut_out(device); });
  identity.on_readmitted([&messaging](const std::string& device) { messaging.let_in(device); });
  identity.on_replaced([&messaging](const std::string& device) { messaging.cut(device); });
  const auto tell_gateways = [&identity, &messaging] {
    messaging.set_gateways({identity.gateways().begin(), identity.gateways().end()});
  };
  tell_gateways();
  identity.on_gateways(tell_gateways);
  identity.on_revocation_list([&messaging] { messaging.reload(); });
}

}  // namespace stratus::server
