#include "stratus/rollout/plan.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

#include <fmt/format.h>

#include "stratus/wire/update_kind.hpp"

namespace stratus::rollout {
namespace {

constexpr auto kReasons =
    std::to_array<std::string_view>({"unknown_device", "retired", "other_image", "architecture",
                                     "device_class", "already_runs", "went_back"});

// FNV-1a with a finishing mix: spreads ids that differ in one digit.
std::uint64_t lot(std::string_view seed, std::string_view id) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto feed = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  };
  feed(seed);
  feed(std::string_view("\0", 1));
  feed(id);
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

bool exclude(Exclusion& exclusion, Reason reason, std::string detail) {
  exclusion.reason = reason;
  exclusion.detail = std::move(detail);
  return false;
}

std::uint32_t up_to(const Wave& wave, std::size_t all) {
  if (wave.count) return static_cast<std::uint32_t>(std::min<std::size_t>(*wave.count, all));
  return static_cast<std::uint32_t>((all * wave.percent.value_or(0) + 99) / 100);
}

}  // namespace

std::string_view name_of(Reason reason) { return kReasons.at(static_cast<std::size_t>(reason)); }

bool admit(const Spec& spec, std::span<const Requirement> requirements, const Candidate& candidate,
           Member& member, Exclusion& exclusion) {
  exclusion.device = candidate.id;
  member.id = candidate.id;
  member.before.assign(spec.contents.size(), Before());
  if (!candidate.known) return exclude(exclusion, Reason::unknown_device, "no such device");
  if (candidate.retired)
    return exclude(exclusion, Reason::retired, "its identity is revoked or it is out of service");
  std::size_t runs = 0;
  for (std::size_t i = 0; i < spec.contents.size(); ++i) {
    const Content& content = spec.contents[i];
    const Requirement& needs = requirements[i];
    if (!needs.architecture.empty() && !candidate.architecture.empty() &&
        needs.architecture != candidate.architecture) {
      return exclude(exclusion, Reason::architecture,
                     fmt::format("{}:{} is for {}, the device is {}", content.name, content.version,
                                 needs.architecture, candidate.architecture));
    }
    if (!needs.device_classes.empty() && !candidate.device_class.empty() &&
        std::find(needs.device_classes.begin(), needs.device_classes.end(), candidate.device_class) ==
            needs.device_classes.end()) {
      return exclude(exclusion, Reason::device_class,
                     fmt::format("{}:{} is for {}, the device is a {}", content.name, content.version,
                                 fmt::join(needs.device_classes, ", "), candidate.device_class));
    }
    if (candidate.follows == content.name) member.before[i] = {candidate.running, candidate.running_version};
    if (!content.digest.empty() && candidate.follows == content.name && candidate.running == content.digest)
      ++runs;
    if (!content.digest.empty() && candidate.gone_back_from == content.digest) {
      return exclude(exclusion, Reason::went_back,
                     fmt::format("it went back from {}:{} before; publish a new version", content.name,
                                 content.version));
    }
  }
  // A device that follows one image takes no other; with several contents one of them must be its own.
  // Firmware and display content come beside it.
  if (!candidate.follows.empty() &&
      std::none_of(spec.contents.begin(), spec.contents.end(), [&](const Content& content) {
        return content.name == candidate.follows ||
               wire::update_kind_of(content.name) != wire::UpdateKind::container;
      })) {
    return exclude(exclusion, Reason::other_image, "it follows " + candidate.follows);
  }
  if (runs == spec.contents.size())
    return exclude(exclusion, Reason::already_runs, "it runs this release already");
  member.zone = candidate.zone;
  return true;
}

Plan make_plan(const Spec& spec, std::span<const Requirement> requirements,
               std::span<const Candidate> candidates, std::string_view seed) {
  Plan plan;
  struct Admitted {
    std::uint64_t lot;
    const Candidate* candidate;
    Member member;
  };
  std::vector<Admitted> admitted;
  std::unordered_set<std::string_view> seen;
  for (const Candidate& candidate : candidates) {
    if (!seen.insert(candidate.id).second) continue;
    Member member;
    Exclusion exclusion;
    if (admit(spec, requirements, candidate, member, exclusion))
      admitted.push_back({lot(seed, candidate.id), &candidate, std::move(member)});
    else
      plan.exclusions.push_back(std::move(exclusion));
  }
  std::sort(admitted.begin(), admitted.end(), [](const Admitted& a, const Admitted& b) {
    return a.lot != b.lot ? a.lot < b.lot : a.candidate->id < b.candidate->id;
  });
  std::sort(plan.exclusions.begin(), plan.exclusions.end(),
            [](const Exclusion& a, const Exclusion& b) { return a.device < b.device; });

  plan.wave_sizes.assign(spec.waves.size(), 0);
  std::vector<bool> placed(admitted.size(), false);
  std::uint32_t reached = 0;
  for (std::uint32_t wave = 0; wave < spec.waves.size(); ++wave) {
    const Wave& rule = spec.waves[wave];
    const bool by_group = !rule.groups.empty();
    const std::uint32_t most = by_group ? 0 : up_to(rule, admitted.size());
    for (std::size_t i = 0; i < admitted.size(); ++i) {
      if (placed[i]) continue;
      if (!by_group && reached >= most) break;
      if (by_group &&
          !std::binary_search(rule.groups.begin(), rule.groups.end(), admitted[i].candidate->group))
        continue;
      placed[i] = true;
      ++reached;
      ++plan.wave_sizes[wave];
      admitted[i].member.wave = wave;
      plan.members.push_back(std::move(admitted[i].member));
    }
  }
  return plan;
}

}  // namespace stratus::rollout
