#include "stratus/server/event_bus.hpp"

#include <array>
#include <charconv>

#include "stratus/base/log.hpp"

namespace stratus::server {
namespace {

constexpr std::array<std::pair<std::string_view, Scope>, 11> kTopics{{
    {"devices", Scope::devices_read},
    {"telemetry", Scope::devices_read},
    {"gateways", Scope::devices_read},
    {"certificates", Scope::devices_read},
    {"releases", Scope::releases_read},
    {"artifacts", Scope::releases_read},
    {"rollouts", Scope::rollouts_read},
    {"tiles", Scope::rollouts_read},
    {"settings", Scope::devices_read},
    {"people", Scope::people_admin},
    {"audit", Scope::audit_read},
}};

constexpr std::size_t kMaxBatch = 64u << 10;  // bytes

}  // namespace

std::optional<Scope> scope_of_topic(std::string_view topic) {
  for (const auto& [name, scope] : kTopics) {
    if (name == topic) return scope;
  }
  return std::nullopt;
}

std::vector<std::string> event_topics() {
  std::vector<std::string> names;
  for (const auto& [name, scope] : kTopics) names.emplace_back(name);
  return names;
}

EventBus::EventBus(const net::Executor& loop, std::string epoch, std::size_t capacity)
    : epoch_(std::move(epoch)), capacity_(capacity), changed_(loop) {}

void EventBus::publish(Event event) {
  if (!scope_of_topic(event.topic) || event.json.size() > kMaxJson ||
      event.json.find_first_of("\r\n") != std::string::npos) {
    log::error("events", "dropped an event of {} about {}: {} bytes", event.topic, event.object,
               event.json.size());
    return;
  }
  std::string frame = "id: " + id_of(next_) + "\nevent: " + event.topic + "\ndata: " + event.json + "\n\n";
  ring_.push_back({std::move(event.topic), std::move(frame)});
  ++next_;
  if (ring_.size() > capacity_) ring_.pop_front();
  changed_.notify_all();
}

std::optional<std::uint64_t> EventBus::resume(std::string_view id) const {
  const std::size_t dash = id.rfind('-');
  if (dash == std::string_view::npos || id.substr(0, dash) != epoch_) return std::nullopt;
  const std::string_view text = id.substr(dash + 1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > newest()) return std::nullopt;
  if (number + 1 < next_ - ring_.size()) return std::nullopt;
  return number;
}

EventBus::Batch EventBus::read(std::uint64_t after,
                               const std::function<bool(std::string_view topic)>& wanted) const {
  Batch batch;
  const std::uint64_t oldest = next_ - ring_.size();
  batch.last = std::max(after, oldest - 1);
  batch.lost = after + 1 < oldest;
  while (batch.last < newest() && batch.frames.size() < kMaxBatch) {
    const Kept& kept = ring_[static_cast<std::size_t>(batch.last + 1 - oldest)];
    if (wanted(kept.topic)) batch.frames += kept.frame;
    ++batch.last;
  }
  return batch;
}

net::Task<bool> EventBus::wait_beyond(std::uint64_t after, Millis longest) {
  if (closed_ || newest() > after) co_return true;
  co_return co_await changed_.wait_for(longest);
}

void EventBus::close() {
  closed_ = true;
  changed_.notify_all();
}

}  // namespace stratus::server
