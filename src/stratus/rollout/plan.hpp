// Who takes part in a rollout and in which wave, and who does not and why. Pure and deterministic: the same
// question has the same answer, so that a dry run shows what a start will do.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/rollout/spec.hpp"

namespace stratus::rollout {

// What is known of a device that the targets name.
struct Candidate {
  std::string id;
  std::string region, group;  // codes; empty: unassigned
  std::string zone;           // "+09:00" or a name as "Asia/Seoul"; empty: UTC
  std::string architecture;   // as OCI names it; empty: unknown
  std::string device_class;   // what kind of device it is; empty: unknown
  std::string gateway;        // where it fetches from; empty: the server itself
  std::string follows;        // the image it follows; empty: unknown, any will do
  Digest running;             // of that image; empty: nothing or unknown
  std::string running_version;
  Digest gone_back_from;  // its last update ended in a return from this release
  bool known = true;      // false: named, but no such device
  bool retired = false;   // identity revoked or device decommissioned
};

// What a content demands of a device, read from the release. Empty: nothing.
struct Requirement {
  std::string architecture;
  std::vector<std::string> device_classes;
};

enum class Reason : std::uint8_t {
  unknown_device,
  retired,
  other_image,
  architecture,
  device_class,
  already_runs,
  went_back,  // the device returned from this very release before and will refuse it
};
std::string_view name_of(Reason reason);

struct Exclusion {
  std::string device;
  Reason reason = Reason::unknown_device;
  std::string detail;  // one line for people
};

// What ran before, per content; empty when unknown.
struct Before {
  Digest digest;
  std::string version;
};

struct Member {
  std::string id;
  std::uint32_t wave = 0;
  std::string zone;  // of its local time
  std::vector<Before> before;
};

struct Plan {
  std::vector<Member> members;  // by wave, then in the order in which they start
  std::vector<Exclusion> exclusions;
  std::vector<std::uint32_t> wave_sizes;
};

// `requirements`: one for each content of the spec. `seed` (the rollout's id) decides who is early, so that
// it is not always the same devices. Candidates that stand there twice count once.
Plan make_plan(const Spec& spec, std::span<const Requirement> requirements,
               std::span<const Candidate> candidates, std::string_view seed);

// The same rules for a device that came later: `wave` is where it goes. True and `member`, or `exclusion`.
bool admit(const Spec& spec, std::span<const Requirement> requirements, const Candidate& candidate,
           Member& member, Exclusion& exclusion);

}  // namespace stratus::rollout
