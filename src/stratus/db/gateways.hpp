// Gateways that the server has heard of, and the devices that they were heard for. Blocks; errors as in
// database.hpp. Times are milliseconds since 1970 UTC, sizes bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/database.hpp"

namespace stratus::db {

inline constexpr std::int64_t kMostGateways = 10'000;
inline constexpr std::int64_t kGatewayForgottenMs = 90LL * 24 * 3'600'000;  // without a word
inline constexpr std::int64_t kMissedIntervals = 3;                         // then it counts as away

struct Gateway {
  std::string id;
  std::int64_t first_seen_ms = 0;
  std::int64_t last_seen_ms = 0;
  std::int64_t interval_ms = 0;  // between two words of it
  std::string address;           // where it was heard from, without port
  std::string parent;            // the enrolled gateway that brought its last word; "": it came by itself
  std::string boot;              // changes with each of its starts
  // Its counters since that start, and their sums since it is known.
  std::int64_t boot_received = 0, boot_sent = 0;  // from its upstream; to what is below it
  std::int64_t received = 0, sent = 0;
  std::string status;        // its last word (wire/gateway_status.hpp)
  std::int64_t devices = 0;  // heard through it within kBehindMs; filled by list_gateways and find_gateway

  bool is_online(std::int64_t now_ms) const {
    return now_ms - last_seen_ms <= kMissedIntervals * interval_ms;
  }
};
// A device counts as behind a gateway this long after it was heard through it.
inline constexpr std::int64_t kBehindMs = 24LL * 3'600'000;

// Takes in what a gateway said: id, last_seen_ms, interval_ms, address, boot, boot_received, boot_sent and
// status count; sums go on from what is stored. `conflict` when there are too many gateways.
Result<void> note_gateway(Transaction& transaction, const Gateway& said);
// Known devices that were heard through it: they are where they were heard last, and were seen then.
Result<void> note_behind(Transaction& transaction, std::string_view gateway,
                         const std::vector<std::string>& devices, std::int64_t now_ms);
Result<std::vector<Gateway>> list_gateways(Reader& reader, std::string_view after, std::int64_t limit,
                                           std::int64_t now_ms);
Result<Gateway> find_gateway(Reader& reader, std::string_view id, std::int64_t now_ms);  // `not_found`
Result<void> remove_gateway(Transaction& transaction, std::string_view id);              // `not_found`

struct GatewaySums {
  std::int64_t known = 0, online = 0;
  std::int64_t received = 0, sent = 0;
};
Result<GatewaySums> sum_gateways(Reader& reader, std::int64_t now_ms);

struct DeviceRoute {
  std::string device;
  std::string gateway;
};
// By device, after `after`: where each was heard last.
Result<std::vector<DeviceRoute>> load_routes(Reader& reader, std::string_view after, std::int64_t limit);

}  // namespace stratus::db
