// Random rollouts with random orders, news and times, killed and loaded again at every point where something
// is stored. The promises of docs/rollouts.md are checked against the store and against what devices were
// really told, never against the campaign's own word.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "stratus/rollout/rollout_testing.hpp"

namespace stratus::rollout {
namespace {

using testing::digest;
using testing::person;

class World {
 public:
  explicit World(unsigned seed) : random_(seed) {
    const int campaigns = pick(1, 2);
    for (int i = 0; i < campaigns; ++i) {
      const std::string id = fmt::format("r{}-{}", seed, i);
      Campaign made = testing::campaign(testing::spec(random_members(), pick(1, 3)), pick(1, 12), id.c_str());
      Stored stored{made.header(), made.spec(), {}};
      stored_.push_back(stored);
      live_.push_back(std::make_unique<Campaign>(std::move(made)));
      if (chance(80)) EXPECT_TRUE(live_.back()->submit("ann", now_));
    }
    EXPECT_TRUE(store(false));
  }

  void run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      act();
      if (pick(0, 3) != 0) (void)store();  // otherwise the next batch holds more than one thing
      check();
    }
  }
  int told = 0, finished = 0, kills = 0;

 private:
  struct Stored {
    Header header;
    Spec spec;
    std::map<std::string, Device> devices;
  };

  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool chance(int percent) { return pick(1, 100) <= percent; }

  std::string random_members() {
    std::string text =
        fmt::format(R"("expires_s":{},"attempt_timeout_s":{},"cancel_timeout_s":{},"retries":{})",
                    pick(20, 2000), pick(10, 500), pick(1, 60), pick(0, 2));
    text += fmt::format(R"(,"retry_delay_ms":{})", pick(1, 20'000));
    if (chance(70)) {
      text += fmt::format(
          R"(,"waves":[{{"count":{},"soak_s":{},"failure_percent":{},"success_percent":{}}},{{"percent":{}}}])",
          pick(1, 3), pick(0, 20), pick(0, 60), pick(0, 100), pick(40, 100));
    }
    if (chance(30)) text += fmt::format(R"(,"max_in_flight":{})", pick(1, 4));
    if (chance(30)) text += fmt::format(R"(,"rate_per_minute":{})", pick(1, 200));
    if (chance(20)) text += R"(,"approval":true)";
    if (chance(30)) text += R"(,"joining":"while_running")";
    return text;
  }

  Campaign::IsBusy busy_for(std::size_t which) {
    return [this, which](const std::string& device) {
      for (std::size_t other = 0; other < live_.size(); ++other) {
        if (other == which) continue;
        const Device* const found = live_[other]->find(device);
        if (found != nullptr && is_in_flight(found->state)) return true;
      }
      return false;
    };
  }

  // One transaction with every campaign's changes; or a crash, before or after it was stored.
  bool store(bool may_crash = true) {
    const bool crash = may_crash && chance(10);
    const bool stored = !crash || chance(50);
    std::vector<Changes> all;
    for (auto& campaign : live_) all.push_back(campaign->take_changes());
    if (stored) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        for (const std::string& device : all[i].released) {
          EXPECT_EQ(claims_[device], i + 1) << "released what it did not hold";
          claims_.erase(device);
        }
      }
      for (std::size_t i = 0; i < all.size(); ++i) {
        for (const std::string& device : all[i].claimed)
          EXPECT_TRUE(claims_.emplace(device, i + 1).second) << "two rollouts hold " << device;
        stored_[i].header = live_[i]->header();
        stored_[i].spec = live_[i]->spec();
        for (const std::uint32_t index : all[i].devices) {
          const Device& device = live_[i]->devices()[index];
          stored_[i].devices.insert_or_assign(device.id, device);
        }
      }
      if (!crash) {
        for (auto& [which, device, release] : answers_) tell(which, device, release);
      }
      answers_.clear();
    }
    if (crash) {
      ++kills;
      answers_.clear();  // the connections are gone
      for (std::size_t i = 0; i < live_.size(); ++i) {
        std::vector<Device> devices;
        for (const auto& [id, device] : stored_[i].devices) devices.push_back(device);
        // As the database would give them back.
        const auto spec = parse_spec_text(encode_spec_text(stored_[i].spec));
        EXPECT_TRUE(spec);
        live_[i] = std::make_unique<Campaign>(stored_[i].header, *spec, devices);
      }
    }
    return stored;
  }

  // A device hears about a release: only now, after it was stored.
  void tell(std::size_t which, const std::string& device, const Digest& release) {
    const Stored& stored = stored_[which];
    const Device& row = stored.devices.at(device);
    EXPECT_LE(static_cast<int>(row.wave), stored.header.wave) << "told before its wave was open";
    const auto key = std::tuple(which, device, release, row.attempt);
    const bool first = told_.insert(key).second;
    if (first) ++told;
    if (first && row.state != DeviceState::returning) {
      // The state as stored with, or after, this answer. A pause in the same batch would have come later.
      EXPECT_TRUE(stored.header.state == State::running || paused_in_batch_) << name_of(stored.header.state);
    }
    has_been_told_[device] = {which, release};
  }

  void act() {
    const auto which = static_cast<std::size_t>(pick(0, static_cast<int>(live_.size()) - 1));
    Campaign& it = *live_[which];
    const std::string who = chance(50) ? "ann" : "bob";
    paused_in_batch_ = paused_in_batch_ && !answers_.empty();
    const int what = pick(0, 99);
    if (what < 30) {
      now_ += pick(0, chance(10) ? 100'000 : 3000);
      it.tick(now_, busy_for(which));
    } else if (what < 85) {
      const auto& devices = it.devices();
      device_acts(which, devices[static_cast<std::size_t>(pick(0, static_cast<int>(devices.size()) - 1))].id);
    } else if (what < 88) {
      (void)it.submit("ann", now_);
    } else if (what < 90) {
      (void)it.approve(person(who), now_);
    } else if (what < 92) {
      if (it.pause(who, "", now_)) paused_in_batch_ = true;
    } else if (what < 94) {
      (void)it.resume(who, now_);
    } else if (what < 95) {
      if (chance(30) && it.abort(who, "", chance(50), now_, busy_for(which))) paused_in_batch_ = true;
    } else if (what < 96) {
      (void)it.retry(who, {}, chance(50) ? now_ + 50'000 : 0, now_);
    } else if (what < 97) {
      const std::vector<std::string> one{fmt::format("d{:03}", pick(0, 12))};
      (void)it.cancel(who, one, now_);
    } else if (what < 98) {
      (void)it.advance(person(who), now_);
    } else {
      Member member;
      member.id = fmt::format("late{}", pick(0, 5));
      (void)it.join(std::vector<Member>{member}, now_);
    }
    // A gate that fails in a tick is a pause like any other.
    for (const auto& campaign : live_) {
      if (campaign->header().state != State::running) paused_in_batch_ = true;
    }
  }

  void device_acts(std::size_t which, const std::string& id) {
    Campaign& it = *live_[which];
    const Device* const device = it.find(id);
    if (device == nullptr) return;
    const auto assignment = it.assignment(*device);
    if (assignment && chance(60)) {  // asks what is next
      (void)it.news(id, testing::about(DeviceEvent::told, assignment->digest), now_);
      const auto still = it.assignment(*it.find(id));
      if (still && still->digest == assignment->digest) answers_.push_back({which, id, still->digest});
      return;
    }
    // Says something about what it was really told, or something made up.
    DeviceNews news;
    const auto events = std::to_array({DeviceEvent::fetching, DeviceEvent::installs, DeviceEvent::succeeded,
                                       DeviceEvent::succeeded, DeviceEvent::failed, DeviceEvent::rolled_back,
                                       DeviceEvent::stopped, DeviceEvent::cancel_acked});
    news.event = events[static_cast<std::size_t>(pick(0, events.size() - 1))];
    const auto heard = has_been_told_.find(id);
    news.about = heard != has_been_told_.end() && chance(80) ? heard->second.second : digest(pick(1, 3));
    news.sequence = pick(0, 50);
    news.percent = static_cast<std::uint8_t>(pick(0, 100));
    (void)it.news(id, news, now_);
    it.tick(now_, busy_for(which));
  }

  void check() {
    for (std::size_t i = 0; i < live_.size(); ++i) {
      const Campaign& it = *live_[i];
      Counts counted;
      for (const Device& device : it.devices()) {
        ++counted[device.state];
        const bool begun = device.attempt > 0 || is_in_flight(device.state);
        if (begun && device.state != DeviceState::returning) {
          ASSERT_LE(static_cast<int>(device.wave), it.header().wave) << "began before its wave";
        }
        ASSERT_TRUE(device.percent < 100 || device.state == DeviceState::success ||
                    device.state == DeviceState::returned || device.state == DeviceState::returning ||
                    device.state == DeviceState::failed || device.state == DeviceState::timeout);
        if (it.header().state != State::running) {
          ASSERT_NE(device.state, DeviceState::requested) << name_of(it.header().state);
        }
        if (is_final(it.header().state)) {
          ASSERT_TRUE(is_closed(device.state))
              << name_of(it.header().state) << " " << name_of(device.state) << " " << it.header().cause;
        }
      }
      const Counts kept = it.counts();
      ASSERT_EQ(kept, counted) << "counts do not add up";
      ASSERT_EQ(kept.total(), it.devices().size());
      ASSERT_EQ(kept.percent_closed() == 100, kept.open() == 0);
      ASSERT_EQ(kept.open() + kept.closed(), kept.total());
      if (is_final(it.header().state)) ++finished;
      if (it.spec().max_in_flight > 0 && it.header().state == State::running) {
        ASSERT_LE(kept[DeviceState::requested], it.spec().max_in_flight);
      }
    }
  }

  std::mt19937 random_;
  std::int64_t now_ = testing::kNow;
  std::vector<std::unique_ptr<Campaign>> live_;
  std::vector<Stored> stored_;
  std::map<std::string, std::size_t> claims_;
  std::vector<std::tuple<std::size_t, std::string, Digest>> answers_;
  std::set<std::tuple<std::size_t, std::string, Digest, std::uint16_t>> told_;
  std::map<std::string, std::pair<std::size_t, Digest>> has_been_told_;
  bool paused_in_batch_ = false;
};

TEST(CampaignProperty, HoldsItsPromisesWhateverHappens) {
  int told = 0, finished = 0, kills = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(seed);
    world.run(400);
    told += world.told;
    finished += world.finished > 0 ? 1 : 0;
    kills += world.kills;
    ASSERT_FALSE(HasFailure());
  }
  // That the worlds were not empty ones.
  EXPECT_GT(told, 1000);
  EXPECT_GT(finished, 200);
  EXPECT_GT(kills, 5000);
}

}  // namespace
}  // namespace stratus::rollout
