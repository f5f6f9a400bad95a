#include "stratus/server/rollout_messages.hpp"

#include <algorithm>

#include "stratus/base/log.hpp"
#include "stratus/server/fleet_news.hpp"
#include "stratus/wire/messages.hpp"
#include "stratus/wire/report.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::server {

RolloutMessages::RolloutMessages(net::Executor loop, DeviceLink& link, Rollouts& rollouts, EventBus& bus)
    : link_(link), rollouts_(rollouts), bus_(bus), tasks_(loop) {
  link_.on_message("update/result", nullptr, [this](const DeviceMessage& message) {
    const auto result = wire::parse_result(message.body);
    if (!result || result->report.empty()) return;
    auto report = wire::parse_report(result->report);
    // Whose message it is says the broker, not the report.
    if (report && report->device == message.device) tasks_.spawn(hear_report(std::move(*report)));
  });
  link_.on_message("update/progress", nullptr, [this](const DeviceMessage& message) {
    const auto progress = wire::parse_progress(message.body);
    const auto assigned = progress ? rollouts_.under_way(message.device, progress->name) : std::nullopt;
    if (!assigned) return;
    const bool fetches = progress->state == "fetching" || progress->state == "planned";
    rollout::DeviceNews news;
    news.event = fetches ? rollout::DeviceEvent::fetching : rollout::DeviceEvent::installs;
    news.about = assigned->digest;
    news.percent = static_cast<std::uint8_t>(std::min<std::uint32_t>(progress->percent, 99));
    tasks_.spawn(hear(message.device, news));
  });
  link_.on_message("update/cancel/ack", nullptr, [this](const DeviceMessage& message) {
    const auto answer = wire::parse_command_answer(message.body);
    // Only what has ended counts; of what it was too late for the report tells.
    if (answer && answer->status == "cancelled") tasks_.spawn(hear_stopped(message.device, answer->command));
  });
  link_.on_question([this](const std::string& device,
                           const wire::NextQuestion& question) -> std::optional<wire::UpdateRequest> {
    const auto assigned = rollouts_.assigned(device, question.name);
    wire::UpdateRequest request;
    if (!assigned && rollouts_.holds_back(device, question.name)) {
      request.command = "next-later";
      request.kind = name_of(wire::update_kind_of(question.name));
      return request;  // nothing to do for now
    }
    if (!assigned) return std::nullopt;  // the name's target counts
    request.command = "next-" + assigned->digest.short_hex();
    request.kind = name_of(wire::update_kind_of(assigned->name));
    if (assigned->digest != question.have)
      request.items.push_back({assigned->name, assigned->version, assigned->digest});
    return request;
  });
}

net::Task<void> RolloutMessages::hear(std::string device, rollout::DeviceNews news) {
  auto heard = co_await rollouts_.news(device, news);
  if (!heard) log::warning("rollouts", "news of {}: {}", device, heard.error().text());
}

net::Task<void> RolloutMessages::hear_stopped(std::string device, std::string rollout) {
  auto heard = co_await rollouts_.acknowledge(device, std::move(rollout));
  if (!heard) log::warning("rollouts", "acknowledgement of {}: {}", device, heard.error().text());
}

net::Task<void> RolloutMessages::hear_report(wire::DeviceReport report) {
  Event news = report_news(report);
  auto heard = co_await rollouts_.report(std::move(report));
  if (!heard) log::warning("rollouts", "report of {}: {}", news.object, heard.error().text());
  bus_.publish(std::move(news));
}

}  // namespace stratus::server
