#include "stratus/server/fleet_news.hpp"

#include <boost/json.hpp>

#include "stratus/base/clock.hpp"
#include "stratus/server/changes.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;

}  // namespace

std::vector<Event> presence_news(const std::vector<db::PresenceRow>& changed, bool forgotten) {
  std::vector<Event> events;
  if (forgotten || changed.size() > kMaxPresenceNews) {
    json::object body{{"presence", forgotten ? "forgotten" : "many"}, {"count", changed.size()}};
    events.push_back({"devices", "", json::serialize(body)});
  }
  if (changed.size() > kMaxPresenceNews) return events;
  for (const db::PresenceRow& row : changed) {
    json::object body{
        {"id", row.device}, {"online", row.online}, {"changed", format_time_ms(row.changed_ms)}};
    if (!row.gateway.empty()) body["gateway"] = row.gateway;
    events.push_back({"devices", row.device, json::serialize(body)});
  }
  return events;
}

std::vector<Event> certificate_news(const wire::EnrolAnswer& issued, bool renewed) {
  std::vector<Event> events;
  const json::object certificate{{"device", issued.device},
                                 {"kind", issued.kind},
                                 {"action", renewed ? "renewed" : "issued"},
                                 {"not_after", format_time_ms(issued.not_after_ms)}};
  events.push_back({"certificates", issued.device, json::serialize(certificate)});
  if (renewed) return events;
  json::object device{{"id", issued.device}, {"action", "enrolled"}, {"kind", issued.kind}};
  if (!issued.region.empty()) device["region"] = issued.region;
  if (!issued.group.empty()) device["group"] = issued.group;
  const char* const topic = issued.kind == "gateway" ? "gateways" : "devices";
  events.push_back({topic, issued.device, json::serialize(device)});
  return events;
}

Event report_news(const wire::DeviceReport& report) {
  const json::object body{{"id", report.device},
                          {"name", report.name},
                          {"state", report.state},
                          {"version", report.running_version}};
  return {"devices", report.device, json::serialize(body)};
}

Event target_news(const std::string& name, const std::string& version) {
  return {"releases", name, json::serialize(json::object{{"name", name}, {"target", version}})};
}

Event image_news(const std::string& name) {
  return {"releases", name, json::serialize(json::object{{"name", name}})};
}

std::vector<Event> revocation_news(const std::string& device) {
  const json::object certificate{{"device", device}, {"action", "revoked"}};
  const json::object body{{"id", device}, {"action", "revoked"}};
  return {{"certificates", device, json::serialize(certificate)}, {"devices", device, json::serialize(body)}};
}

void publish_identity_news(Identity& identity, EventBus& bus) {
  const auto publish = [&bus](std::vector<Event> events) {
    for (Event& event : events) bus.publish(std::move(event));
  };
  identity.on_issued([publish](const wire::EnrolAnswer& issued, bool renewed) {
    publish(certificate_news(issued, renewed));
  });
  identity.on_recorded([&bus](const std::string& action, const std::string& object) {
    bus.publish(audit_news(action, object));
  });
  identity.on_revoked([publish](const std::string& device) { publish(revocation_news(device)); });
}

}  // namespace stratus::server
