// What devices ask and say, and those that come later.
#include <algorithm>

#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/rollouts.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::server {

namespace {

using rollout::Campaign;
using rollout::DeviceEvent;
using rollout::DeviceState;

constexpr Millis kJoinEvery{5'000};

}  // namespace

std::optional<rollout::Assignment> Rollouts::decide(const std::string& device, const std::string& name,
                                                    const Digest& have, bool proven, std::int64_t now) {
  for (auto& [id, live] : live_) {
    Campaign& campaign = *live.campaign;
    const rollout::Device* const row = campaign.find(device);
    if (row == nullptr) continue;
    if (row->state == DeviceState::cancelling) {
      const rollout::Content& content = campaign.spec().contents[row->content];
      if (content.name != name) continue;
      // Who asks what is next of a name is not busy with it; about other names it says nothing. What it was
      // too late for runs.
      rollout::DeviceNews ended;
      ended.about = content.digest;
      ended.event = proven && have == content.digest ? DeviceEvent::succeeded : DeviceEvent::cancel_acked;
      campaign.news(device, ended, now);
      continue;
    }
    const auto assigned = campaign.assignment(*row);
    if (!assigned || assigned->name != name) continue;
    rollout::DeviceNews news;
    news.about = assigned->digest;
    if (proven && have == assigned->digest) {
      news.event = DeviceEvent::succeeded;
      campaign.news(device, news, now);
      return assigned;
    }
    const auto& window = campaign.spec().window;
    if (row->state == DeviceState::requested && window &&
        !rollout::is_open(*window, now, offset_of_zone(row->zone, now)))
      continue;  // it asked too late for today
    news.event = DeviceEvent::told;
    campaign.news(device, news, now);
    return assigned;
  }
  if (holds_back(device, name)) return std::nullopt;
  return standing(device, name);
}

net::Task<Result<std::optional<rollout::Assignment>>> Rollouts::ask(std::string device, std::string name,
                                                                    Digest have, bool proven) {
  std::optional<rollout::Assignment> found;
  const bool takes_part = std::any_of(live_.begin(), live_.end(), [&](const auto& one) {
    return one.second.campaign->find(device) != nullptr;
  });
  if (!takes_part) co_return standing(device, name);
  auto work = [&](std::int64_t now) -> Result<void> {
    found = decide(device, name, have, proven, now);
    return {};
  };
  auto done = co_await submit(work);
  if (!done) co_return forward_error(std::move(done));
  // A success that this very question told of stands by now.
  if (!found && !holds_back(device, name)) found = standing(device, name);
  co_return found;
}

std::optional<AssignedContents> Rollouts::decide_contents(const std::string& device,
                                                          const std::vector<std::string>& have, bool proven,
                                                          std::int64_t now) {
  const std::string name(wire::kContentName);
  // Asked as for a release: a cancelled one acknowledges, a turn that came too late today is no turn.
  if (!decide(device, name, Digest(), false, now)) return std::nullopt;
  for (auto& [id, live] : live_) {
    Campaign& campaign = *live.campaign;
    const rollout::Device* const row = campaign.find(device);
    auto assigned = row != nullptr ? campaign.assignment(*row) : std::nullopt;
    if (!assigned || assigned->name != name || row->state == DeviceState::returning) continue;
    AssignedContents found{id, assigned->digest, campaign.spec().expires_ms, {}};
    std::vector<std::string> wanted;
    for (const rollout::Content& content : campaign.spec().contents) {
      if (content.name != name) continue;
      found.contents.push_back(content);
      wanted.push_back(content.version);
    }
    // It shows them all: each of them succeeded, whatever became of the reports.
    while (proven && have == wanted && assigned && assigned->name == name) {
      rollout::DeviceNews news;
      news.event = DeviceEvent::succeeded;
      news.about = assigned->digest;
      if (!campaign.news(device, news, now)) break;
      assigned = campaign.assignment(*campaign.find(device));
    }
    return found;
  }
  return std::nullopt;
}

net::Task<Result<std::optional<AssignedContents>>> Rollouts::ask_contents(std::string device,
                                                                          std::vector<std::string> have,
                                                                          bool proven) {
  std::optional<AssignedContents> found;
  const bool takes_part = std::any_of(live_.begin(), live_.end(), [&](const auto& one) {
    return one.second.campaign->find(device) != nullptr;
  });
  if (!takes_part) co_return found;
  auto work = [&](std::int64_t now) -> Result<void> {
    found = decide_contents(device, have, proven, now);
    return {};
  };
  auto done = co_await submit(work);
  if (!done) co_return forward_error(std::move(done));
  co_return found;
}

net::Task<Result<void>> Rollouts::news(std::string device, rollout::DeviceNews news) {
  const bool takes_part = std::any_of(live_.begin(), live_.end(), [&](const auto& one) {
    return one.second.campaign->find(device) != nullptr;
  });
  if (!takes_part) co_return Result<void>();
  auto work = [&](std::int64_t now) -> Result<void> {
    for (auto& [id, live] : live_) live.campaign->news(device, news, now);
    return {};
  };
  co_return co_await submit(work);
}

net::Task<Result<void>> Rollouts::acknowledge(std::string device, std::string rollout) {
  if (!live_.contains(rollout)) co_return Result<void>();
  auto work = [&](std::int64_t now) -> Result<void> {
    rollout::DeviceNews news;
    news.event = DeviceEvent::cancel_acked;
    const auto found = live_.find(rollout);
    if (found != live_.end()) found->second.campaign->news(device, news, now);
    return {};
  };
  co_return co_await submit(work);
}

net::Task<Result<void>> Rollouts::report(wire::DeviceReport report) {
  rollout::DeviceNews news;
  if (report.state == "committed") {
    news.event = DeviceEvent::succeeded;
  } else if (report.state == "failed") {
    news.event = DeviceEvent::failed;
  } else if (report.state == "rolled_back") {
    news.event = DeviceEvent::rolled_back;
  } else if (report.state == "cancelled") {
    news.event = DeviceEvent::stopped;
  } else if (report.state == "fetching" || report.state == "planned") {
    news.event = DeviceEvent::fetching;
  } else if (report.state == "verifying" || report.state == "installed" || report.state == "swapping" ||
             report.state == "probation") {
    news.event = DeviceEvent::installs;
  } else {
    co_return Result<void>();
  }
  news.about = report.target;
  if (news.about.empty()) {  // refused before it knew the digest: it names the version
    const auto named = ports_.releases.find(report.name, report.version);
    if (named) news.about = *named;
  }
  news.sequence = static_cast<std::int64_t>(report.sequence);
  news.bytes = report.bytes;
  news.cause = report.reason;
  news.retry_after_ms = report.retry_after_ms;
  co_return co_await this->news(report.device, news);
}

// Devices that match the targets of a rollout which takes in who comes later.
net::Task<void> Rollouts::join_regularly() {
  for (;;) {
    co_await net::sleep_for(kJoinEvery);
    std::vector<std::string> ids;
    for (const auto& [id, live] : live_) {
      if (live.campaign->takes_joining() && live.campaign->header().state != rollout::State::draft)
        ids.push_back(id);
    }
    for (const std::string& id : ids) {
      const Campaign* const campaign = this->live(id);
      if (campaign == nullptr) continue;
      const rollout::Spec spec = campaign->spec();
      std::vector<rollout::Requirement> requirements;
      for (const rollout::Content& content : spec.contents) {
        if (wire::update_kind_of(content.name) != wire::UpdateKind::container) {
          auto find = [&] { return ports_.find_artifact(content.name, content.version); };
          auto artifact = co_await ports_.pool.run(find);
          requirements.push_back(artifact ? artifact->requirement : rollout::Requirement());
          continue;
        }
        auto requirement = co_await ports_.releases.requirement(content.name, content.digest);
        requirements.push_back(requirement ? *requirement : rollout::Requirement());
      }
      auto resolve = [&] { return ports_.fleet.resolve(spec.targets); };
      auto candidates = co_await ports_.pool.run(resolve);
      if (!candidates) continue;
      std::vector<rollout::Member> members;
      const Campaign* const now_live = this->live(id);
      for (const rollout::Candidate& candidate : *candidates) {
        rollout::Member member;
        rollout::Exclusion exclusion;
        if (now_live == nullptr || now_live->find(candidate.id) != nullptr) continue;
        if (admit(spec, requirements, candidate, member, exclusion)) members.push_back(std::move(member));
      }
      if (members.empty()) continue;
      auto work = [&](std::int64_t now) -> Result<void> {
        const auto found = live_.find(id);
        if (found != live_.end()) found->second.campaign->join(members, now);
        return {};
      };
      (void)co_await submit(work);
    }
  }
}

}  // namespace stratus::server
