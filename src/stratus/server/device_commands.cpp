#include "stratus/server/device_commands.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "stratus/base/clock.hpp"
#include "stratus/base/json.hpp"
#include "stratus/base/ulid.hpp"
#include "stratus/db/devices.hpp"
#include "stratus/db/telemetry.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/wire/messages.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;

Result<std::string> read_action(const json::value& body) {
  ObjectReader reader(body, "");
  std::string action = reader.text("command", 32);
  const auto& known = wire::kControlActions;
  if (std::find(known.begin(), known.end(), action) == known.end())
    reader.reject("command", "not one of check_now, report_metrics, send_log");
  STRATUS_CHECK(reader.done());
  return action;
}

Event answer_news(const std::string& device, const wire::CommandAnswer& answer) {
  json::object news{{"id", device}, {"command", answer.command}, {"status", answer.status}};
  if (!answer.reason.empty()) news["reason"] = answer.reason;
  return {"devices", device, json::serialize(news)};
}

}  // namespace

void DeviceCommands::register_routes(Router& router) {
  router.add("POST", "/api/v1/devices/{id}/commands", Scope::devices_write,
             [this](Call& call) { return give(call); });
}

void DeviceCommands::use(DeviceLink& link) {
  link_ = &link;
  link.on_message("control/response", nullptr, [this](const DeviceMessage& message) {
    const auto answer = wire::parse_command_answer(message.body);
    if (answer) bus_.publish(answer_news(message.device, *answer));
  });
}

net::Task<Result<void>> DeviceCommands::give(Call& call) {
  auto body = co_await call.read_json();
  if (!body) co_return forward_error(std::move(body));
  auto action = read_action(*body);
  if (!action) co_return forward_error(std::move(action));
  const std::string device = call.parameter("id");
  const wire::ControlCommand command{new_ulid(), *action};
  const bool online = link_ != nullptr && link_->is_online(device);
  const ChangeWork work = [device, command, online, turn = ++given_](Change& doing) -> Result<Reply> {
    STRATUS_CHECK(db::find_device(doing.transaction(), device));
    if (!online) {
      return fail(ErrorCode::conflict,
                  device + " is not connected over MQTT; a command is not kept for later", "device_offline");
    }
    const std::int64_t now = now_ms();
    const json::object told{
        {"command", command.command}, {"action", command.action}, {"by", doing.actor().label}};
    const std::vector<db::EventRow> event{
        {0, device, "control/command", now, turn, now, "", json::serialize(told)}};
    STRATUS_CHECK(db::add_events(doing.transaction(), event));
    const json::object detail{{"command", command.command}, {"action", command.action}};
    STRATUS_CHECK(doing.record("device.command", "device:" + device, json::serialize(detail)));
    doing.publish(
        {"devices", device,
         json::serialize(json::object{{"id", device}, {"command", command.command}, {"status", "sent"}})});
    const json::object answer{{"id", command.command},
                              {"device", device},
                              {"command", command.action},
                              {"expires", format_time_ms(now + Millis(kExpiry).count())}};
    return Reply{202, json::serialize(answer),
                 "/api/v1/devices/" + net::percent_encode(device) + "/events?kind=control/response", ""};
  };
  auto reply = co_await call.apply(work);
  if (!reply) co_return forward_error(std::move(reply));
  if (!reply->replayed) {
    auto sent = link_->send(device, "control/command", wire::encode_control_command(command), kExpiry);
    if (!sent) co_return sent;
  }
  co_return co_await call.respond(std::move(*reply));
}

}  // namespace stratus::server
