// What watchers of the event stream hear about devices coming, going and proving who they are.
#pragma once

#include <vector>

#include "stratus/db/telemetry.hpp"
#include "stratus/server/event_bus.hpp"
#include "stratus/server/identity.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::server {

// More changes than this at once are told in one event without an id: who watches reads the list again.
inline constexpr std::size_t kMaxPresenceNews = 500;

// `forgotten`: the broker knows nobody any more, so everybody counts as gone until they say otherwise. Pure.
std::vector<Event> presence_news(const std::vector<db::PresenceRow>& changed, bool forgotten);

// Of the topics "devices" (enrolled, revoked) and "certificates" (issued, renewed, revoked). Pure.
std::vector<Event> certificate_news(const wire::EnrolAnswer& issued, bool renewed);
// What a device runs and how its update stands, as it says itself. Pure.
Event report_news(const wire::DeviceReport& report);
// The version that all of this name are to run is another now.
Event target_news(const std::string& name, const std::string& version);
// A manifest or tag of it came or went.
Event image_news(const std::string& name);
std::vector<Event> revocation_news(const std::string& device);

// Both must outlive each other's hooks.
void publish_identity_news(Identity& identity, EventBus& bus);

}  // namespace stratus::server
