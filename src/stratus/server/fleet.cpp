#include "stratus/server/fleet.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "stratus/db/devices.hpp"
#include "stratus/db/gateways.hpp"
#include "stratus/rollout/window.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/time_zones.hpp"

namespace stratus::server {
namespace {

constexpr std::int64_t kPage = 5'000;
constexpr std::size_t kMaxDevices = 1'000'000;

rollout::Candidate candidate_of(const db::InventoryDevice& device) {
  rollout::Candidate candidate;
  candidate.id = device.reported.id;
  candidate.region = device.region;
  candidate.group = device.group;
  candidate.zone = device.time_zone;
  candidate.device_class = device.hardware;
  candidate.follows = device.reported.name;
  candidate.running = Digest::parse(device.reported.running).value_or(Digest());
  candidate.running_version = device.reported.running_version;
  if (device.reported.state == "rolled_back")
    candidate.gone_back_from = Digest::parse(device.reported.target).value_or(Digest());
  candidate.retired = !device.active;
  return candidate;
}

db::Filter filter_for(db::FilterField field, const std::vector<std::string>& codes) {
  db::FilterTerm term;
  term.field = field;
  term.op = db::FilterOperator::equal;
  term.values = codes;
  return {{term}};
}

class Collector {
 public:
  explicit Collector(db::Database& database) : database_(database) {}

  Result<void> add(const db::Filter& filter) {
    db::DeviceQuery query;
    query.filter = filter;
    query.limit = kPage;
    query.now_ms = now_ms();
    for (;;) {
      STRATUS_TRY(page, db::list_devices(database_, query));
      for (const db::InventoryDevice& device : page) {
        if (seen_.insert(device.reported.id).second) found.push_back(candidate_of(device));
      }
      if (found.size() > kMaxDevices)
        return fail(ErrorCode::no_space, "targets: more than a million devices");
      if (static_cast<std::int64_t>(page.size()) < kPage) return {};
      query.after = db::position_of(page.back(), query.sort);
    }
  }

  // Groups or regions; the first that does not exist is an error: a typing mistake must not mean "nobody".
  Result<void> add_places(db::PlaceKind kind, db::FilterField field, const std::vector<std::string>& codes) {
    for (std::size_t at = 0; at < codes.size(); at += db::kMaxFilterValues) {
      const std::size_t end = std::min(codes.size(), at + db::kMaxFilterValues);
      std::vector<std::string> some;
      for (std::size_t i = at; i < end; ++i) {
        STRATUS_TRY(place, db::find_place(database_, kind, codes[i]).with_context("targets"));
        some.push_back(place.code);
      }
      STRATUS_CHECK(add(filter_for(field, some)));
    }
    return {};
  }

  Result<void> add_device(const std::string& id) {
    if (!seen_.insert(id).second) return {};
    auto device = db::find_device(database_, id);
    if (device) {
      found.push_back(candidate_of(*device));
      return {};
    }
    if (device.error().code() != ErrorCode::not_found) return forward_error(std::move(device));
    rollout::Candidate unknown;
    unknown.id = id;
    unknown.known = false;
    found.push_back(unknown);
    return {};
  }

  std::vector<rollout::Candidate> found;

 private:
  db::Database& database_;
  std::set<std::string> seen_;
};

}  // namespace

Result<std::vector<rollout::Candidate>> DatabaseFleet::resolve(const rollout::Targets& targets) {
  Collector collector(database_);
  if (targets.all) STRATUS_CHECK(collector.add({}));
  STRATUS_CHECK(collector.add_places(db::PlaceKind::region, db::FilterField::region, targets.regions));
  STRATUS_CHECK(collector.add_places(db::PlaceKind::group, db::FilterField::group, targets.groups));
  if (!targets.filter.empty()) {
    STRATUS_TRY(filter, db::parse_filter(targets.filter).with_context("targets.filter"));
    STRATUS_CHECK(collector.add(filter));
  }
  for (const std::string& id : targets.devices) STRATUS_CHECK(collector.add_device(id));
  return std::move(collector.found);
}

Result<void> add_gateways(db::Reader& reader, std::vector<rollout::Candidate>& candidates) {
  constexpr std::int64_t kRoutes = 50'000;  // at a time
  std::unordered_map<std::string, rollout::Candidate*> by_id;
  for (rollout::Candidate& candidate : candidates) by_id[candidate.id] = &candidate;
  for (std::string after;;) {
    STRATUS_TRY(page, db::load_routes(reader, after, kRoutes));
    for (db::DeviceRoute& route : page) {
      const auto found = by_id.find(route.device);
      if (found != by_id.end()) found->second->gateway = std::move(route.gateway);
    }
    if (static_cast<std::int64_t>(page.size()) < kRoutes) return {};
    after = page.back().device;
  }
}

int offset_of_zone(const std::string& zone, std::int64_t utc_ms) {
  if (const auto fixed = rollout::parse_offset(zone)) return *fixed;
  return zone_offset_minutes(zone, utc_ms);
}

}  // namespace stratus::server
