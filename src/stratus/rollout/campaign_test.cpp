#include "stratus/rollout/campaign.hpp"

#include <gtest/gtest.h>

#include "stratus/rollout/rollout_testing.hpp"

namespace stratus::rollout {
namespace {

using testing::about;
using testing::campaign;
using testing::digest;
using testing::kNow;
using testing::nobody;
using testing::person;
using testing::spec;

// A campaign that runs, and the time.
struct Running {
  explicit Running(const std::string& members, int devices = 10, int contents = 1)
      : it(campaign(spec(members, contents), devices)) {
    EXPECT_TRUE(it.submit("ann", now));
    tick();
  }
  void tick(std::int64_t ms = 0) {
    now += ms;
    it.tick(now, busy);
  }
  bool tell(const std::string& id, DeviceEvent event, int release = 2) {
    const bool changed = it.news(id, about(event, digest(release)), now);
    it.tick(now, busy);
    return changed;
  }
  // The devices in a state, by id.
  std::vector<std::string> in(DeviceState state) const {
    std::vector<std::string> ids;
    for (const Device& device : it.devices()) {
      if (device.state == state) ids.push_back(device.id);
    }
    return ids;
  }
  DeviceState state(const std::string& id) const { return it.find(id)->state; }

  std::int64_t now = kNow;
  Campaign::IsBusy busy = nobody;
  Campaign it;
};

TEST(Campaign, GoesFromOneEndToTheOther) {
  Running run("", 3);
  EXPECT_EQ(run.in(DeviceState::requested).size(), 3U);
  for (const Device& device : run.it.devices()) {
    EXPECT_EQ(run.it.assignment(device)->version, "2");
    EXPECT_TRUE(run.tell(device.id, DeviceEvent::told));
    EXPECT_TRUE(run.tell(device.id, DeviceEvent::installs));
    EXPECT_EQ(run.it.header().state, State::running);
    EXPECT_TRUE(run.tell(device.id, DeviceEvent::succeeded));
    EXPECT_FALSE(run.it.assignment(device));
  }
  EXPECT_EQ(run.it.header().state, State::completed);
  const Changes changes = run.it.take_changes();
  EXPECT_EQ(changes.endings.size(), 3U);
  EXPECT_TRUE(changes.endings[0].stands);
  EXPECT_EQ(changes.endings[0].before.version, "1");
  EXPECT_TRUE(changes.claimed.empty() && changes.released.empty());  // within this batch: never stored
  EXPECT_TRUE(changes.tellings.empty());
}

TEST(Campaign, ChangesNameClaimsAndCalls) {
  Running run("", 2);
  Changes changes = run.it.take_changes();
  EXPECT_EQ(changes.claimed.size(), 2U);
  EXPECT_EQ(changes.tellings.size(), 2U);
  run.tell("d000", DeviceEvent::told);
  changes = run.it.take_changes();
  EXPECT_EQ(changes.devices.size(), 1U);
  EXPECT_TRUE(changes.claimed.empty() && changes.tellings.empty());
  run.tell("d000", DeviceEvent::succeeded);
  EXPECT_EQ(run.it.take_changes().released, std::vector<std::string>{"d000"});
  EXPECT_TRUE(run.it.take_changes().empty());
}

TEST(Campaign, AFailingCanaryPausesBeforeTheNextWave) {
  Running run(R"("waves":[{"count":10,"failure_percent":20,"success_percent":80},{"percent":100}])", 100);
  const auto canaries = run.in(DeviceState::requested);
  ASSERT_EQ(canaries.size(), 10U);
  for (int i = 0; i < 2; ++i) run.tell(canaries[static_cast<std::size_t>(i)], DeviceEvent::failed);
  EXPECT_EQ(run.it.header().state, State::running) << "two of ten is what the gate allows";
  run.tell(canaries[2], DeviceEvent::rolled_back);
  EXPECT_EQ(run.it.header().state, State::paused);
  EXPECT_NE(run.it.header().cause.find("gate of wave 1: 3 of 10"), std::string::npos)
      << run.it.header().cause;
  EXPECT_TRUE(run.in(DeviceState::requested).empty()) << "who had not asked has lost its turn";
  for (int i = 3; i < 10; ++i) run.tell(canaries[static_cast<std::size_t>(i)], DeviceEvent::succeeded);
  run.tick(1'000'000);
  EXPECT_EQ(run.it.header().wave, 0);

  ASSERT_TRUE(run.it.resume("ann", run.now));
  run.tick();
  EXPECT_EQ(run.it.header().wave, 1);
  EXPECT_EQ(run.in(DeviceState::requested).size(), 90U);
}

TEST(Campaign, TheGateFailsAgainAfterAResume) {
  Running run(R"("waves":[{"count":10,"failure_percent":10,"success_percent":0,"soak_s":10}])", 20);
  const auto canaries = run.in(DeviceState::requested);
  run.tell(canaries[0], DeviceEvent::failed);
  run.tell(canaries[1], DeviceEvent::failed);
  EXPECT_EQ(run.it.header().state, State::paused);
  ASSERT_TRUE(run.it.resume("bob", run.now));
  run.tick();
  EXPECT_EQ(run.it.header().state, State::running);
  run.tell(canaries[2], DeviceEvent::failed);
  EXPECT_EQ(run.it.header().state, State::paused) << "one of the eight that count is more than 10 %";
}

TEST(Campaign, SuccessOutOfReachIsAFailedGate) {
  Running run(R"("waves":[{"count":4,"failure_percent":100,"success_percent":90}])", 8);
  run.tell(run.in(DeviceState::requested)[0], DeviceEvent::failed);
  EXPECT_EQ(run.it.header().state, State::paused);
}

TEST(Campaign, TheSoakTimeIsWaitedFor) {
  Running run(R"("waves":[{"count":2,"soak_s":60,"success_percent":50}])", 4);
  const auto canaries = run.in(DeviceState::requested);
  run.tell(canaries[0], DeviceEvent::succeeded);
  run.tick(59'999);
  EXPECT_EQ(run.it.header().wave, 0);
  EXPECT_EQ(run.it.next_tick(run.now), run.now + 1);
  run.tick(1);
  EXPECT_EQ(run.it.header().wave, 1);
}

TEST(Campaign, AFailureInTheSoakTimeStops) {
  Running run(R"("waves":[{"count":2,"soak_s":60,"success_percent":50,"failure_percent":0}])", 4);
  const auto canaries = run.in(DeviceState::requested);
  run.tell(canaries[0], DeviceEvent::succeeded);
  run.tick(30'000);
  run.tell(canaries[1], DeviceEvent::rolled_back);
  run.tick(60'000);
  EXPECT_EQ(run.it.header().state, State::paused);
  EXPECT_EQ(run.it.header().wave, 0);
}

TEST(Campaign, ASoakTimeIsCutShortByTwoPeopleOnly) {
  Running run(R"("waves":[{"count":1,"soak_s":3600}])", 4);
  run.tell(run.in(DeviceState::requested)[0], DeviceEvent::succeeded);
  EXPECT_FALSE(*run.it.advance(person("ann"), run.now));
  EXPECT_FALSE(*run.it.advance(person("ann"), run.now)) << "the same person twice is one person";
  const Person by_token{"token:ann/ci", person("ann").id};
  EXPECT_FALSE(*run.it.advance(by_token, run.now)) << "and so is one with another name";
  EXPECT_EQ(run.it.header().wave, 0);
  EXPECT_TRUE(*run.it.advance(person("bob"), run.now));
  EXPECT_EQ(run.it.header().wave, 1);
  EXPECT_EQ(run.it.header().advance_asked_person, "");
  EXPECT_EQ(run.it.advance(person("bob"), run.now).error().code(), ErrorCode::conflict);
}

TEST(Campaign, ApprovalTakesAnotherPerson) {
  Campaign it = campaign(spec(R"("approval":true)"), 2);
  ASSERT_TRUE(it.submit("ann", kNow));
  it.tick(kNow, nobody);
  EXPECT_EQ(it.header().state, State::approval);
  EXPECT_EQ(it.approve(person("ann"), kNow).error().code(), ErrorCode::denied);
  const Person by_token{"token:ann/ci", person("ann").id};
  EXPECT_EQ(it.approve(by_token, kNow).error().code(), ErrorCode::denied);
  ASSERT_TRUE(it.approve(person("bob"), kNow));
  it.tick(kNow, nobody);
  EXPECT_EQ(it.header().state, State::running);
  EXPECT_EQ(it.header().approver, "bob");
}

TEST(Campaign, WhoseAuthorIsNotKnownNobodyApproves) {
  Campaign it = campaign(spec(R"("approval":true)"), 2);
  ASSERT_TRUE(it.submit("ann", kNow));
  Header header = it.header();
  header.author_person.clear();
  Campaign old(header, it.spec(), it.devices());
  EXPECT_EQ(old.approve(person("bob"), kNow).error().code(), ErrorCode::denied);
  EXPECT_TRUE(old.reject("bob", "", kNow));
}

TEST(Campaign, WhatNobodyApprovedCannotBeRetried) {
  Campaign it = campaign(spec(R"("approval":true,"expires_s":60)"), 2);
  ASSERT_TRUE(it.submit("ann", kNow));
  it.tick(kNow + 60'000, nobody);
  EXPECT_EQ(it.header().state, State::completed);
  EXPECT_EQ(it.counts()[DeviceState::timeout], 2U);
  EXPECT_FALSE(it.retry("ann", {}, kNow + 1'000'000, kNow + 60'000));
}

TEST(Campaign, PauseTakesTurnsBackAndLeavesWhatBegan) {
  Running run("", 3);
  run.tell("d000", DeviceEvent::told);
  ASSERT_TRUE(run.it.pause("ann", "looks odd", run.now));
  EXPECT_EQ(run.it.header().cause, "paused by ann: looks odd");
  EXPECT_EQ(run.state("d000"), DeviceState::downloading);
  EXPECT_EQ(run.in(DeviceState::waiting).size(), 2U);
  EXPECT_EQ(run.it.find("d001")->attempt, 0);
  run.tick(10'000);
  EXPECT_FALSE(run.tell("d001", DeviceEvent::told));
  EXPECT_EQ(run.in(DeviceState::waiting).size(), 2U);
  EXPECT_TRUE(run.tell("d000", DeviceEvent::succeeded));
  ASSERT_TRUE(run.it.resume("ann", run.now));
  run.tick();
  EXPECT_EQ(run.in(DeviceState::requested).size(), 2U);
}

TEST(Campaign, AbortWaitsForAcknowledgements) {
  Running run("", 4);
  run.tell("d000", DeviceEvent::told);
  run.tell("d001", DeviceEvent::told);
  run.tell("d002", DeviceEvent::succeeded);
  (void)run.it.take_changes();
  ASSERT_TRUE(run.it.abort("ann", "", false, run.now, nobody));
  EXPECT_EQ(run.it.header().state, State::aborting);
  EXPECT_EQ(run.state("d003"), DeviceState::cancelled) << "it had not been told";
  EXPECT_EQ(run.state("d000"), DeviceState::cancelling);
  EXPECT_FALSE(run.it.assignment(*run.it.find("d000")));
  EXPECT_EQ(run.it.take_changes().tellings.size(), 3U) << "d003 was called, if not told";
  EXPECT_TRUE(run.tell("d000", DeviceEvent::cancel_acked));
  EXPECT_TRUE(run.tell("d001", DeviceEvent::succeeded)) << "too late to cancel";
  EXPECT_EQ(run.state("d001"), DeviceState::success);
  EXPECT_EQ(run.it.header().state, State::aborted);
  EXPECT_EQ(run.it.header().cause, "aborted by ann");
}

TEST(Campaign, ALateAcknowledgementEndsNoReturn) {
  Running run("", 1);
  run.tell("d000", DeviceEvent::told);
  ASSERT_TRUE(run.it.abort("ann", "", true, run.now, nobody));
  run.tell("d000", DeviceEvent::succeeded);
  EXPECT_EQ(run.state("d000"), DeviceState::returning);
  EXPECT_FALSE(run.tell("d000", DeviceEvent::cancel_acked));
  EXPECT_EQ(run.state("d000"), DeviceState::returning);
}

TEST(Campaign, ALostAcknowledgementIsNotWaitedForForEver) {
  Running run(R"("cancel_timeout_s":60)", 1);
  run.tell("d000", DeviceEvent::told);
  ASSERT_TRUE(run.it.abort("ann", "", false, run.now, nobody));
  run.tick(60'000);
  EXPECT_EQ(run.state("d000"), DeviceState::cancelled);
  EXPECT_EQ(run.it.header().state, State::aborted);
}

TEST(Campaign, AbortMayTakeDevicesBack) {
  Running run("", 2);
  run.tell("d000", DeviceEvent::succeeded);
  run.tell("d001", DeviceEvent::told);
  ASSERT_TRUE(run.it.abort("ann", "", true, run.now, nobody));
  EXPECT_EQ(run.state("d000"), DeviceState::returning);
  EXPECT_EQ(run.it.assignment(*run.it.find("d000"))->digest, digest(1));
  EXPECT_TRUE(run.tell("d001", DeviceEvent::succeeded));
  EXPECT_EQ(run.state("d001"), DeviceState::returning) << "it finished in spite of all and goes back too";
  EXPECT_FALSE(run.tell("d000", DeviceEvent::succeeded, 2)) << "that is the news of before";
  EXPECT_TRUE(run.tell("d000", DeviceEvent::succeeded, 1));
  EXPECT_TRUE(run.tell("d001", DeviceEvent::failed, 1));
  EXPECT_EQ(run.state("d000"), DeviceState::returned);
  EXPECT_EQ(run.state("d001"), DeviceState::failed);
  EXPECT_EQ(run.it.header().state, State::aborted);
}

TEST(Campaign, WhatIsOverCanOnlySendDevicesBack) {
  Running run("", 2);
  run.tell("d000", DeviceEvent::succeeded);
  run.tell("d001", DeviceEvent::failed);
  ASSERT_EQ(run.it.header().state, State::completed);
  EXPECT_EQ(run.it.abort("ann", "", false, run.now, nobody).error().code(), ErrorCode::conflict);
  ASSERT_TRUE(run.it.abort("ann", "", true, run.now, nobody));
  EXPECT_EQ(run.it.header().state, State::aborting);
  EXPECT_EQ(run.state("d000"), DeviceState::returning);
  EXPECT_EQ(run.state("d001"), DeviceState::failed) << "it never left what it ran";
  EXPECT_TRUE(run.tell("d000", DeviceEvent::succeeded, 1));
  EXPECT_EQ(run.state("d000"), DeviceState::returned);
  EXPECT_EQ(run.it.header().state, State::aborted);
  EXPECT_FALSE(run.it.abort("ann", "", true, run.now, nobody)) << "once";
}

TEST(Campaign, AbortLeavesWhatAnotherRolloutHas) {
  Running run("", 2);
  run.tell("d000", DeviceEvent::succeeded);
  const auto busy = [](const std::string& device) { return device == "d000"; };
  ASSERT_TRUE(run.it.abort("ann", "", true, run.now, busy));
  EXPECT_EQ(run.state("d000"), DeviceState::success);
  EXPECT_EQ(run.it.header().state, State::aborted);
}

TEST(Campaign, WhatIsOverStaysCompletedWhenNoneCanGoBack) {
  const auto refuses = [](Running& run, const Campaign::IsBusy& busy) {
    ASSERT_EQ(run.it.header().state, State::completed);
    (void)run.it.take_changes();
    EXPECT_EQ(run.it.abort("ann", "", true, run.now, busy).error().code(), ErrorCode::conflict);
    EXPECT_EQ(run.it.header().state, State::completed);
    EXPECT_FALSE(run.it.header().give_back);
    EXPECT_TRUE(run.it.take_changes().empty());
  };
  Running failed("", 2);
  for (const char* const id : {"d000", "d001"}) failed.tell(id, DeviceEvent::failed);
  refuses(failed, nobody);
  Running updated("", 2);
  for (const char* const id : {"d000", "d001"}) updated.tell(id, DeviceEvent::succeeded);
  refuses(updated, [](const std::string&) { return true; });
  EXPECT_TRUE(updated.it.abort("ann", "", true, updated.now, nobody)) << "the others gave them back";
}

TEST(Campaign, TheDeadlineClosesEverything) {
  Running run(R"("expires_s":3600,"waves":[{"count":2}])", 4);
  const auto canaries = run.in(DeviceState::requested);
  run.tell(canaries[0], DeviceEvent::told);
  ASSERT_TRUE(run.it.pause("ann", "", run.now));
  run.tick(3'600'000);
  EXPECT_EQ(run.it.header().state, State::completed) << "also while paused";
  EXPECT_EQ(run.it.counts()[DeviceState::timeout], 4U);
  EXPECT_EQ(run.it.counts().percent_closed(), 100U);
  EXPECT_EQ(run.it.header().cause, "the deadline passed before 4 devices were done");
  EXPECT_FALSE(run.it.retry("ann", {}, 0, run.now)) << "needs a later deadline";
  EXPECT_EQ(*run.it.retry("ann", {}, run.now + 60'000, run.now), (Retried{4, 0}));
  EXPECT_EQ(run.it.header().cause, "") << "it goes on";
  run.tick();
  EXPECT_EQ(run.it.header().state, State::running);
  EXPECT_EQ(run.in(DeviceState::requested).size(), 2U);
}

TEST(Campaign, FailedAttemptsAreRepeatedWithGrowingPauses) {
  Running run(R"("retries":2,"retry_delay_s":10)", 1);
  run.tell("d000", DeviceEvent::failed);
  EXPECT_EQ(run.state("d000"), DeviceState::waiting);
  EXPECT_EQ(run.it.counts().failures(), 0U);
  run.tick(9'999);
  EXPECT_EQ(run.state("d000"), DeviceState::waiting);
  run.tick(1);
  EXPECT_EQ(run.state("d000"), DeviceState::requested);
  run.tell("d000", DeviceEvent::failed);
  run.tick(19'999);
  EXPECT_EQ(run.state("d000"), DeviceState::waiting);
  run.tick(1);
  run.tell("d000", DeviceEvent::failed);
  EXPECT_EQ(run.state("d000"), DeviceState::failed);
  EXPECT_EQ(run.it.find("d000")->attempt, 3);
  EXPECT_EQ(run.it.take_changes().endings.size(), 3U) << "each attempt is history";
}

TEST(Campaign, WhatRolledBackIsNotRepeated) {
  Running run(R"("retries":5)", 1);
  run.tell("d000", DeviceEvent::rolled_back);
  EXPECT_EQ(run.state("d000"), DeviceState::rolled_back);
}

// d000 went back for good, d001 takes it again in a minute, d002 failed, the others are well.
Running one_of_each() {
  Running run("", 4);
  run.tell("d000", DeviceEvent::rolled_back);
  DeviceNews cut_short = about(DeviceEvent::rolled_back, digest(2));
  cut_short.cause = "cut short";
  cut_short.retry_after_ms = 60'000;
  EXPECT_TRUE(run.it.news("d001", cut_short, run.now));
  run.tell("d002", DeviceEvent::failed);
  run.tell("d003", DeviceEvent::succeeded);
  EXPECT_EQ(run.it.header().state, State::completed);
  return run;
}

TEST(Campaign, ARetryLeavesOutWhoWentBackForGood) {
  Running run = one_of_each();
  EXPECT_EQ(run.it.header().refusing, 1U);
  EXPECT_EQ(*run.it.retry("ann", {}, 0, run.now), (Retried{2, 1}));
  EXPECT_EQ(run.it.header().retried, (Retried{2, 1}));
  EXPECT_EQ(run.it.take_changes().notes.back().detail, "2 devices, 1 left out: they went back and refuse it");
  run.tick();
  EXPECT_EQ(run.state("d000"), DeviceState::rolled_back);
  EXPECT_EQ(run.in(DeviceState::requested), std::vector<std::string>{"d002"});
}

TEST(Campaign, ARetryWaitsForTheDeviceThatRests) {
  Running run = one_of_each();
  ASSERT_TRUE(run.it.retry("ann", std::vector<std::string>{"d001"}, 0, run.now));
  run.tick(59'999);
  EXPECT_EQ(run.state("d001"), DeviceState::waiting);
  EXPECT_EQ(run.it.explain(*run.it.find("d001"), run.now, nobody),
            "waits before the next attempt; cut short");
  run.tick(1);
  EXPECT_EQ(run.state("d001"), DeviceState::requested);
}

TEST(Campaign, ARetryThatNamesThemTakesEachOnceWhetherItRefusesOrNot) {
  Running run = one_of_each();
  const std::vector<std::string> named{"d002", "d000", "d002", "d003"};
  EXPECT_EQ(*run.it.retry("ann", named, 0, run.now), (Retried{2, 0}));
  EXPECT_EQ(run.it.header().refusing, 0U);
  run.tick();
  EXPECT_EQ(run.in(DeviceState::requested).size(), 2U);
  EXPECT_EQ(run.state("d000"), DeviceState::requested);
}

TEST(Campaign, ARetryOfNobodyButThoseChangesNothing) {
  Running run("", 1);
  run.tell("d000", DeviceEvent::rolled_back);
  (void)run.it.take_changes();
  const auto refused = run.it.retry("ann", {}, 0, run.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::conflict);
  EXPECT_TRUE(run.it.take_changes().empty());
  EXPECT_EQ(run.it.header().state, State::completed);
}

TEST(Campaign, WhoRefusesIsCountedFromItsDevices) {
  const Running run = one_of_each();
  Header stored = run.it.header();
  stored.refusing = 0;  // as it was written before this was kept
  EXPECT_EQ(Campaign(stored, run.it.spec(), run.it.devices()).header().refusing, 1U);
}

TEST(Campaign, AnAttemptMayTakeTooLong) {
  Running run(R"("attempt_timeout_s":60)", 2);
  run.tell("d000", DeviceEvent::told);
  run.tick(60'000);
  EXPECT_EQ(run.it.counts()[DeviceState::timeout], 2U);
  EXPECT_EQ(run.it.header().state, State::completed);
}

TEST(Campaign, ARepeatedReportCountsOnce) {
  Running run(R"("retries":3,"retry_delay_ms":1)", 1);
  DeviceNews failed = about(DeviceEvent::failed, digest(2));
  failed.sequence = 7;
  EXPECT_TRUE(run.it.news("d000", failed, run.now));
  run.tick(1);
  EXPECT_EQ(run.state("d000"), DeviceState::requested);
  EXPECT_FALSE(run.it.news("d000", failed, run.now))
      << "the acknowledgement was lost, the device says it again";
  failed.sequence = 8;
  EXPECT_TRUE(run.it.news("d000", failed, run.now));
  EXPECT_EQ(run.it.find("d000")->attempt, 2);
}

TEST(Campaign, NewsOfAnotherReleaseChangesNothing) {
  Running run("", 1);
  EXPECT_FALSE(run.tell("d000", DeviceEvent::succeeded, 9));
  EXPECT_FALSE(run.tell("nobody", DeviceEvent::succeeded));
  EXPECT_EQ(run.state("d000"), DeviceState::requested);
}

TEST(Campaign, ContentsFollowOneAnother) {
  Running run("", 1, 3);
  EXPECT_EQ(run.it.assignment(run.it.devices()[0])->name, "web");
  EXPECT_TRUE(run.tell("d000", DeviceEvent::told));
  EXPECT_FALSE(run.tell("d000", DeviceEvent::succeeded, 12)) << "the second is not its turn";
  EXPECT_TRUE(run.tell("d000", DeviceEvent::succeeded, 2));
  EXPECT_EQ(run.state("d000"), DeviceState::requested);
  EXPECT_EQ(run.it.assignment(run.it.devices()[0])->name, "extra1");
  run.tell("d000", DeviceEvent::told, 12);
  ASSERT_TRUE(run.it.pause("ann", "", run.now));
  EXPECT_TRUE(run.tell("d000", DeviceEvent::succeeded, 12));
  EXPECT_EQ(run.state("d000"), DeviceState::waiting) << "the third has not begun, and does not while paused";
  ASSERT_TRUE(run.it.resume("ann", run.now));
  run.tick();
  EXPECT_EQ(run.it.assignment(run.it.devices()[0])->name, "extra2");
  EXPECT_TRUE(run.tell("d000", DeviceEvent::succeeded, 22));
  EXPECT_EQ(run.it.header().state, State::completed);
  EXPECT_EQ(run.it.take_changes().endings.size(), 3U);
}

TEST(Campaign, OneUpdatePerDevice) {
  Running run("", 2);
  run.busy = [](const std::string& device) { return device == "d001"; };
  Campaign other = campaign(spec(""), 2, "r2");
  ASSERT_TRUE(other.submit("ann", kNow));
  other.tick(kNow, run.busy);
  EXPECT_EQ(other.find("d000")->state, DeviceState::requested);
  EXPECT_EQ(other.find("d001")->state, DeviceState::waiting);
  EXPECT_EQ(other.explain(*other.find("d001"), kNow, run.busy), "another rollout is updating it");
  other.tick(kNow + 1000, nobody);
  EXPECT_EQ(other.find("d001")->state, DeviceState::requested);
}

TEST(Campaign, NeverMoreUnderWayThanAllowed) {
  Running run(R"("max_in_flight":2)", 5);
  EXPECT_EQ(run.in(DeviceState::requested).size(), 2U);
  run.tell(run.in(DeviceState::requested)[0], DeviceEvent::succeeded);
  EXPECT_EQ(run.in(DeviceState::requested).size(), 2U);
}

TEST(Campaign, StartsAreSpreadByTheRate) {
  Running run(R"("rate_per_minute":60)", 200);
  std::size_t most = 0;
  for (int second = 0; second < 60; ++second) {
    run.tick(1000);
    most = std::max(most, run.in(DeviceState::requested).size());
  }
  EXPECT_GE(most, 58U);
  EXPECT_LE(most, 63U);
}

TEST(Campaign, StartsOnlyInTheDevicesWindow) {
  // kNow is Saturday 06:39 UTC.
  Running run(R"("window":{"from":"08:00","to":"09:00"})", 1);
  EXPECT_EQ(run.state("d000"), DeviceState::waiting);
  EXPECT_EQ(run.it.explain(run.it.devices()[0], run.now, nobody),
            "outside the maintenance window of its local time");
  run.tick(80 * 60'000);
  EXPECT_EQ(run.state("d000"), DeviceState::waiting);
  run.tick(60'000);
  EXPECT_EQ(run.state("d000"), DeviceState::requested);
}

TEST(Campaign, ADevicesZoneDecidesAboutItsWindow) {
  // kNow is 06:39 UTC, 15:39 in Seoul.
  Campaign it = campaign(spec(R"("joining":"while_running","window":{"from":"15:00","to":"16:00"})"), 1);
  ASSERT_TRUE(it.submit("ann", kNow));
  it.use_offsets([](const std::string& zone, std::int64_t) { return zone == "Asia/Seoul" ? 540 : 0; });
  std::vector<Member> members(3);
  members[0].id = "named";
  members[0].zone = "Asia/Seoul";
  members[1].id = "fixed";
  members[1].zone = "+09:00";
  members[2].id = "utc";
  it.join(members, kNow);
  it.tick(kNow, nobody);
  EXPECT_EQ(it.find("named")->state, DeviceState::requested);
  EXPECT_EQ(it.find("fixed")->state, DeviceState::requested);
  EXPECT_EQ(it.find("utc")->state, DeviceState::waiting);
}

TEST(Campaign, WaitsForItsStart) {
  Running run(R"("start_at":"2026-11-21T08:00:00Z")", 1);
  EXPECT_EQ(run.it.header().state, State::scheduled);
  EXPECT_EQ(run.it.next_tick(run.now), run.it.spec().start_ms);
  ASSERT_TRUE(run.it.pause("ann", "", run.now));
  ASSERT_TRUE(run.it.resume("ann", run.now));
  run.tick();
  EXPECT_EQ(run.it.header().state, State::scheduled) << "a resume is no start";
  run.tick(run.it.spec().start_ms - run.now);
  EXPECT_EQ(run.it.header().state, State::running);
}

TEST(Campaign, DevicesMayJoinLater) {
  Running run(R"("joining":"while_running","waves":[{"count":1}])", 3);
  Member member;
  member.id = "late";
  const Member known = [] {
    Member one;
    one.id = "d000";
    return one;
  }();
  EXPECT_EQ(run.it.join(std::vector<Member>{member, known}, run.now), 1U);
  run.tick();
  EXPECT_EQ(run.state("late"), DeviceState::requested) << "it belongs to the wave that is open";
  EXPECT_EQ(run.it.counts().total(), 4U);

  Running closed("", 1);
  EXPECT_EQ(closed.it.join(std::vector<Member>{member}, closed.now), 0U);
}

TEST(Campaign, MayStayOpenForWhoComes) {
  Running run(R"("joining":"until_expiry","expires_s":60)", 1);
  run.tell("d000", DeviceEvent::succeeded);
  EXPECT_EQ(run.it.header().state, State::running);
  run.tick(60'000);
  EXPECT_EQ(run.it.header().state, State::completed);
  EXPECT_EQ(run.it.header().cause, "");
}

TEST(Campaign, DevicesCanBeTakenOut) {
  Running run(R"("waves":[{"count":2}])", 4);
  const auto canaries = run.in(DeviceState::requested);
  run.tell(canaries[0], DeviceEvent::told);
  EXPECT_EQ(*run.it.cancel("ann", canaries, run.now), 2U);
  EXPECT_EQ(run.state(canaries[0]), DeviceState::cancelling);
  EXPECT_EQ(run.it.cancel("ann", std::vector<std::string>{"nobody"}, run.now).error().code(),
            ErrorCode::not_found);
  run.tell(canaries[0], DeviceEvent::cancel_acked);
  EXPECT_EQ(run.it.header().wave, 1) << "nobody is left in wave 1 whose success would count";
}

TEST(Campaign, LateSuccessIsBelieved) {
  Running run(
      R"("attempt_timeout_s":60,"waves":[{"count":1,"failure_percent":100,"success_percent":0,"soak_s":600}])",
      2);
  const std::string first = run.in(DeviceState::requested)[0];
  run.tick(60'000);
  EXPECT_EQ(run.state(first), DeviceState::timeout);
  EXPECT_TRUE(run.tell(first, DeviceEvent::succeeded));
  EXPECT_EQ(run.state(first), DeviceState::success);
}

TEST(Campaign, ProgressIsKeptBelowTheEnd) {
  Running run("", 1);
  DeviceNews news = about(DeviceEvent::fetching, digest(2));
  news.percent = 100;
  EXPECT_TRUE(run.it.news("d000", news, run.now));
  EXPECT_EQ(run.it.devices()[0].percent, 99);
  EXPECT_FALSE(run.it.news("d000", news, run.now));
  run.tell("d000", DeviceEvent::succeeded);
  EXPECT_EQ(run.it.devices()[0].percent, 100);
}

TEST(Counts, NeverRoundUpToTheEnd) {
  Counts counts;
  counts[DeviceState::success] = 99'999;
  counts[DeviceState::installing] = 1;
  EXPECT_EQ(counts.percent_closed(), 99U);
  counts[DeviceState::installing] = 0;
  EXPECT_EQ(counts.percent_closed(), 100U);
}

}  // namespace
}  // namespace stratus::rollout
