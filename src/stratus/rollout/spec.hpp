// What a person asks of a rollout: what goes to whom, in which waves, when and how fast. The JSON of
// `POST /api/v1/rollouts` (api/schemas/rollouts.yaml) and of the database; parsed strictly, every number
// within bounds, so that the campaign never meets a nonsensical one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/rollout/window.hpp"

namespace stratus::rollout {

// One thing to install; several are fetched one after the other, in this order.
struct Content {
  std::string name;
  std::string version;
  Digest digest;  // empty as asked for; the server fills in what the version means at that moment
};

// The union of what is named. All empty and `all` false: nobody.
struct Targets {
  bool all = false;
  std::vector<std::string> devices;
  std::vector<std::string> groups;
  std::vector<std::string> regions;
  std::string filter;  // the filter language of device lists

  bool empty() const {
    return !all && devices.empty() && groups.empty() && regions.empty() && filter.empty();
  }
};

// When the next wave may open, and when the rollout stops by itself. Percentages of the wave's devices.
struct Gate {
  unsigned success_percent = 90;  // the wave has passed once so many have succeeded …
  unsigned failure_percent = 10;  // … and is stopped once more than so many have failed
  std::int64_t soak_ms = 0;       // … and this long after that no failure too many was seen
};

// Sizes are cumulative: {5 %}, {25 %} means 5 % and then 20 % more. What no wave reaches makes a last one.
struct Wave {
  std::optional<unsigned> percent;     // up to this share of all devices, rounded up
  std::optional<std::uint32_t> count;  // up to so many devices
  std::vector<std::string> groups;     // every device of these groups
  Gate gate;
};

enum class Joining : std::uint8_t {
  no,
  while_running,  // devices that match later are taken in as long as others are open
  until_expiry,   // … and the rollout stays open for them until its deadline
};

struct Spec {
  std::string title;
  std::vector<Content> contents;
  Targets targets;
  std::vector<Wave> waves;              // at least one after parsing
  std::int64_t start_ms = 0;            // since 1970 UTC; 0: at once
  std::int64_t expires_ms = 0;          // since 1970 UTC; always set after parsing
  std::optional<Window> window;         // in each device's local time
  std::uint32_t rate_per_minute = 0;    // starts; 0: no limit
  std::uint32_t max_in_flight = 0;      // devices under way at once; 0: no limit
  std::int64_t attempt_timeout_ms = 0;  // without a final result; 0: only the deadline
  std::uint32_t retries = 0;            // further attempts after a failure
  std::int64_t retry_delay_ms = 0;      // before the first, doubling after that
  std::int64_t cancel_timeout_ms = 0;   // how long an acknowledgement is waited for
  bool approval = false;                // a second person has to agree
  Joining joining = Joining::no;
  bool accept_unsigned = false;  // although the name's target is signed and devices will refuse it

  static constexpr std::size_t kMaxEncoded = 4u << 20;  // bytes
  static constexpr std::size_t kMaxContents = 16;
  static constexpr std::size_t kMaxWaves = 32;
  static constexpr std::size_t kMaxTargets = 20'000;  // named devices, groups, regions; each
};

// Times that the request leaves open count from `now_ms`. `invalid` names the member that is wrong.
Result<Spec> parse_spec(const boost::json::value& value, std::int64_t now_ms);
// Everything, as parse_spec reads it.
boost::json::object encode_spec(const Spec& spec);
// As the database keeps it.
std::string encode_spec_text(const Spec& spec);
Result<Spec> parse_spec_text(std::string_view text, std::int64_t now_ms = 0);

}  // namespace stratus::rollout
