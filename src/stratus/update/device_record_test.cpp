#include "stratus/update/device_record.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "stratus/update/digest_testing.hpp"

namespace stratus::update {
namespace {

using testing::digest_of;

const ReleaseId kOld{digest_of(1), "1"};
const ReleaseId kNew{digest_of(2), "2"};

EventDetail accepted() {
  EventDetail detail;
  detail.release = kNew;
  detail.now_ms = 1234;
  return detail;
}

DeviceRecord in_state(State state) {
  DeviceRecord record;
  record.state = state;
  record.current = kOld;
  if (state != State::idle && state != State::checking) record.candidate = kNew;
  return record;
}

// Every row once, with the record before and after.
TEST(Step, FollowsEveryRowAndRefusesTheRest) {
  for (const Transition& row : transition_table()) {
    DeviceRecord record = in_state(row.from);
    const auto action = step(record, row.event, accepted());
    ASSERT_TRUE(action) << name_of(row.from) << " " << name_of(row.event);
    EXPECT_EQ(*action, row.action);
    EXPECT_EQ(record.state, row.to);
    // What runs changes by commitment only; what we can return to only then.
    if (row.event == Event::current_failed) {
      EXPECT_EQ(record.current, ReleaseId{});  // nothing was kept
      EXPECT_EQ(record.candidate, kOld);
      continue;
    }
    EXPECT_EQ(record.current, row.event == Event::passed ? kNew : kOld);
    EXPECT_EQ(record.previous, row.event == Event::passed ? kOld : ReleaseId{});
  }
  DeviceRecord record = in_state(State::idle);
  const DeviceRecord before = record;
  EXPECT_FALSE(step(record, Event::healthy, {}));
  EXPECT_EQ(record, before);
}

// What cannot be read back would keep the agent from starting: the reason may quote a hostile answer.
TEST(Step, AnyReasonCanBeReadBackFromTheJournal) {
  const std::string korean = "\xed\x95\x9c";  // three bytes
  std::string longer;
  while (longer.size() < 600) longer += korean;
  for (const std::string& reason :
       {std::string("signed by key aaaaaaaaaaa\xed"), std::string("\xff\xfe"), longer, "a" + longer,
        std::string("\xc0\xaf \xed\xa0\x80 \xf5\x80\x80\x80"), std::string("a\nb\0c", 5),
        std::string(5000, '\x01')}) {
    DeviceRecord record = in_state(State::checking);
    EventDetail detail = accepted();
    detail.reason = reason;
    detail.blame_release = true;
    ASSERT_TRUE(step(record, Event::refused, detail));
    const auto read = parse_record(encode_record(record));
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(*read, record);
  }
  DeviceRecord record = in_state(State::checking);
  EventDetail detail = accepted();
  detail.reason = "'" + korean + "\xff' line\nbreak";
  ASSERT_TRUE(step(record, Event::refused, detail));
  EXPECT_EQ(record.reason, "'" + korean + "?' line break");
}

TEST(Step, EveryReportHasItsOwnNumber) {
  for (const State outcome : {State::committed, State::rolled_back, State::failed, State::cancelled}) {
    DeviceRecord record = in_state(outcome);
    ASSERT_EQ(record.next_sequence, 1U);
    ASSERT_TRUE(step(record, Event::settled, {}));
    EXPECT_EQ(record.next_sequence, 2U);
  }
}

TEST(Step, AnOutcomeKeepsItsReasonAndBlamesWhenTold) {
  DeviceRecord record = in_state(State::probation);
  EventDetail detail;
  detail.reason = "exit status 3";
  detail.blame_release = true;
  ASSERT_TRUE(step(record, Event::unhealthy, detail));
  EXPECT_EQ(record.reason, "exit status 3");
  EXPECT_TRUE(record.is_bad(kNew.manifest, 0));
  ASSERT_TRUE(step(record, Event::restarted, {}));
  EXPECT_EQ(record.reason, "exit status 3");
  ASSERT_TRUE(step(record, Event::settled, {}));
  EXPECT_TRUE(record.candidate.manifest.empty());
  EXPECT_TRUE(record.is_bad(kNew.manifest, 0));
}

TEST(Step, ACancelledReleaseMayComeAgain) {
  DeviceRecord record = in_state(State::probation);
  EventDetail detail;
  detail.reason = "cancelled by the operator";
  ASSERT_TRUE(step(record, Event::cancel_requested, detail));
  EXPECT_EQ(record.state, State::rolled_back);
  EXPECT_FALSE(record.is_bad(kNew.manifest, 0));
}

TEST(Step, ARefusedReleaseIsNamedInTheOutcome) {
  DeviceRecord record = in_state(State::checking);
  EventDetail detail = accepted();
  detail.reason = "unsigned";
  ASSERT_TRUE(step(record, Event::refused, detail));
  EXPECT_EQ(record.candidate, kNew);
  EXPECT_EQ(record.reason, "unsigned");
}

TEST(Step, TheListOfBadReleasesIsBounded) {
  DeviceRecord record;
  for (std::uint8_t i = 1; i < 40; ++i) {
    record.state = State::probation;
    record.candidate = {digest_of(i), "x"};
    EventDetail detail;
    detail.blame_release = true;
    ASSERT_TRUE(step(record, Event::unhealthy, detail));
  }
  EXPECT_EQ(record.bad.size(), DeviceRecord::kMaxBad);
  EXPECT_TRUE(record.is_bad(digest_of(39), 0));
  EXPECT_FALSE(record.is_bad(digest_of(1), 0));
}

TEST(Step, AWrongRecipeTurnsDeltasOff) {
  DeviceRecord record = in_state(State::verifying);
  ASSERT_TRUE(step(record, Event::damaged, {}));
  EXPECT_EQ(record.state, State::planned);
  EXPECT_TRUE(record.without_deltas);
}

TEST(RestartEvent, DependsOnWhatIsFound) {
  DeviceRecord record = in_state(State::probation);
  record.swapping.count("a");
  EXPECT_EQ(restart_event(record, true, true, "a"), Event::restarted_alive);
  EXPECT_EQ(restart_event(record, false, true, "a"), Event::restarted_dead);
  EXPECT_EQ(restart_event(record, false, false, "a"), Event::restarted);
  record.swapping.here = Attempts::kMaxInOneBoot;
  EXPECT_EQ(restart_event(record, false, false, "a"), Event::restarted_too_often);
  EXPECT_EQ(restart_event(record, false, false, "b"), Event::restarted) << "a power cut";
  record.state = State::swapping;
  EXPECT_EQ(restart_event(record, true, true, "a"), Event::restarted_too_often);
  record.swapping.here = 1;
  EXPECT_EQ(restart_event(record, true, true, "a"), Event::restarted);
}

// Unpacks again and again, the agent or the machine ending each time in the middle of it.
struct Unpacking {
  DeviceRecord record = in_state(State::checking);
  Unpacking() { EXPECT_TRUE(step(record, Event::accepted, accepted())); }
  Event cut_short(const std::string& before, const std::string& after) {
    EventDetail detail = accepted();
    detail.boot = before;
    EXPECT_TRUE(step(record, Event::nothing_to_fetch, detail));
    const Event event = restart_event(record, false, false, after);
    if (event == Event::restarted) EXPECT_TRUE(step(record, event, detail));
    return event;
  }
};

TEST(Attempts, DyingWhileUnpackingEndsAfterThreeTimes) {
  Unpacking device;
  EXPECT_EQ(device.cut_short("a", "a"), Event::restarted);
  EXPECT_EQ(device.cut_short("a", "a"), Event::restarted);
  EXPECT_EQ(device.cut_short("a", "a"), Event::restarted_too_often);
  EventDetail detail = accepted();
  detail.set_aside = true;
  const auto action = step(device.record, Event::restarted_too_often, detail);
  ASSERT_TRUE(action);
  EXPECT_EQ(*action, Action::discard);
  EXPECT_EQ(device.record.state, State::failed);
  EXPECT_TRUE(device.record.is_bad(kNew.manifest, detail.now_ms));
  EXPECT_FALSE(device.record.is_bad(kNew.manifest, 0)) << "not for good";
}

TEST(Attempts, ThreePowerCutsDoNotEndIt) {
  Unpacking device;
  EXPECT_EQ(device.cut_short("a", "b"), Event::restarted);
  EXPECT_EQ(device.cut_short("b", "c"), Event::restarted);
  EXPECT_EQ(device.cut_short("c", "d"), Event::restarted);
  // Two ends of the agent, one of the machine: nor do those.
  EXPECT_EQ(device.cut_short("d", "d"), Event::restarted);
}

TEST(Attempts, AMachineThatDiesEachTimeIsNotKilledForEver) {
  Unpacking device;
  std::string boot = "a";
  unsigned times = 0;
  for (; times < 20; ++times) {
    const std::string next = boot + "a";
    if (device.cut_short(boot, next) != Event::restarted) break;
    boot = next;
  }
  EXPECT_EQ(times + 1, Attempts::kMaxBoots);
}

TEST(SetAside, LastsLongerEachTimeAndEndsWithSuccess) {
  constexpr std::uint64_t kHour = 3'600'000;
  DeviceRecord record;
  std::uint64_t now = 1'000 * kHour;
  for (const std::uint64_t hours : {1, 2, 4, 8, 16, 24, 24}) {
    record.state = State::swapping;
    record.candidate = kNew;
    EventDetail detail = accepted();
    detail.now_ms = now;
    detail.set_aside = true;
    ASSERT_TRUE(step(record, Event::restarted_too_often, detail));
    EXPECT_EQ(record.bad.size(), 1U);
    EXPECT_TRUE(record.is_bad(kNew.manifest, now + hours * kHour - 1));
    EXPECT_FALSE(record.is_bad(kNew.manifest, now + hours * kHour));
    EXPECT_EQ(*parse_record(encode_record(record)), record);
    now += 30 * kHour;
  }
  EXPECT_FALSE(record.is_bad(kNew.manifest, 5)) << "the clock was set back by weeks";
  record.state = State::probation;
  record.candidate = kNew;
  ASSERT_TRUE(step(record, Event::passed, {}));
  EXPECT_TRUE(record.bad.empty());
}

TEST(SetAside, WhatFailedForGoodStaysSo) {
  DeviceRecord record = in_state(State::probation);
  EventDetail detail = accepted();
  detail.blame_release = true;
  ASSERT_TRUE(step(record, Event::unhealthy, detail));
  record.state = State::swapping;
  record.candidate = kNew;
  detail.blame_release = false;
  detail.set_aside = true;
  ASSERT_TRUE(step(record, Event::restarted_too_often, detail));
  EXPECT_TRUE(record.is_bad(kNew.manifest, 0));
}

TEST(CurrentFailed, WhatItReplacedTakesItsPlace) {
  DeviceRecord record;
  record.current = kNew;
  record.previous = kOld;
  EventDetail detail;
  detail.reason = "cannot be started";
  detail.set_aside = true;
  detail.now_ms = 1000;
  const auto action = step(record, Event::current_failed, detail);
  ASSERT_TRUE(action);
  EXPECT_EQ(*action, Action::restore);
  EXPECT_EQ(record.state, State::rolled_back);
  EXPECT_EQ(record.current, kOld);
  EXPECT_EQ(record.previous, ReleaseId{});
  EXPECT_EQ(record.candidate, kNew) << "what the report is about";
  EXPECT_EQ(record.reason, "cannot be started");
  EXPECT_TRUE(record.is_bad(kNew.manifest, 1001));
  EXPECT_FALSE(record.is_bad(kNew.manifest, 0));
}

TEST(Floor, RisesWithWhatIsCommittedAndByName) {
  DeviceRecord record = in_state(State::checking);
  EventDetail detail = accepted();
  detail.counter = 7;
  ASSERT_TRUE(step(record, Event::accepted, detail));
  EXPECT_EQ(record.floor_of("web"), 0U) << "offered is not committed";
  record.state = State::probation;
  EventDetail passed;
  passed.name = "web";
  ASSERT_TRUE(step(record, Event::passed, passed));
  EXPECT_EQ(record.floor_of("web"), 7U);
  EXPECT_EQ(record.floor_of("other"), 0U);
  record.state = State::probation;
  record.counter = 5;
  ASSERT_TRUE(step(record, Event::passed, passed));
  EXPECT_EQ(record.floor_of("web"), 7U) << "never sinks";
  for (int i = 0; i < 20; ++i) {
    record.state = State::probation;
    passed.name = std::to_string(i);
    ASSERT_TRUE(step(record, Event::passed, passed));
  }
  EXPECT_EQ(record.floors.size(), DeviceRecord::kMaxFloors);
  EXPECT_EQ(*parse_record(encode_record(record)), record);
}

TEST(Salvage, KeepsWhatCanBeReadOfANewerAgentsRecord) {
  DeviceRecord record = in_state(State::fetching);
  record.previous = {digest_of(9), "0"};
  record.bad = {{digest_of(7), "crashed", 0, 1}};
  record.floors = {{"web", 12}};
  record.next_sequence = 44;
  std::string text = encode_record(record);
  const auto replace = [&](std::string_view from, std::string_view to) {
    ASSERT_NE(text.find(from), std::string::npos);
    text.replace(text.find(from), from.size(), to);
  };
  replace("\"fetching\"", "\"teleporting\"");
  replace("{\"name\":\"web\"", "{\"wave\":3,\"name\":\"web\"");
  EXPECT_FALSE(parse_record(text));
  const auto salvaged = salvage_record(text);
  ASSERT_TRUE(salvaged) << salvaged.error().text();
  EXPECT_EQ(salvaged->state, State::idle);
  EXPECT_EQ(salvaged->current, kOld);
  EXPECT_EQ(salvaged->previous, record.previous);
  EXPECT_EQ(salvaged->candidate, ReleaseId{});
  EXPECT_EQ(salvaged->bad, record.bad);
  EXPECT_EQ(salvaged->next_sequence, 44U);
}

TEST(Salvage, NeedsTheCommittedRelease) {
  for (const char* const text :
       {"", "{}", "[]", "7", R"({"state":"idle","current":{"manifest":"sha256:1"}})"}) {
    EXPECT_FALSE(salvage_record(text)) << text;
  }
}

TEST(Record, ReadsBackWhatWasWritten) {
  DeviceRecord record = in_state(State::fetching);
  EXPECT_EQ(*parse_record(encode_record(record)), record);
  record.previous = {digest_of(9), "0"};
  record.bad = {{digest_of(7), "crashed: \"x\"\n", 0, 1}, {digest_of(8), "", 77, 3}};
  record.reason = "why";
  record.unpacking = {1, 2, "boot"};
  record.swapping = {3, 1, ""};
  record.counter = 5;
  record.floors = {{"web", 7}};
  record.without_deltas = true;
  record.plan = "delta";
  record.bytes = 20'000;
  record.began_ms = 17;
  record.downtime_ms = 3;
  record.next_sequence = 99;
  const auto read = parse_record(encode_record(record));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(*read, record);
}

TEST(Record, RefusesWhatIsNone) {
  EXPECT_FALSE(parse_record(""));
  EXPECT_FALSE(parse_record("{}"));
  EXPECT_FALSE(parse_record(R"({"state":"nowhere"})"));
  EXPECT_FALSE(parse_record(R"({"state":"idle","current":{"manifest":"sha256:1","version":"1"}})"));
  EXPECT_FALSE(parse_record(R"({"state":"idle","current":[]})"));
}

// A device as the machine sees it: what is on disk, what runs. Actions are the agent's, shortened to their
// effects, each of which is idempotent.
struct ModelDevice {
  DeviceRecord stored;  // the journal
  bool new_on_disk = false;
  bool old_runs = true;
  bool new_runs = false;
  bool new_is_good = true;
  int points = 0;  // instants at which the power may fail
  int fail_at = -1;
  bool reboot = false;  // the failure also ends every process

  struct PowerCut {};
  void point() {
    if (points++ == fail_at) throw PowerCut{};
  }

  Event act(Action action) {
    switch (action) {
      case Action::ask:
        return Event::accepted;
      case Action::make_plan:
        return new_on_disk ? Event::nothing_to_fetch : Event::plan_ready;
      case Action::fetch:
        return Event::fetched;
      case Action::unpack:
        point();
        new_on_disk = true;
        point();
        return Event::verified;
      case Action::begin_swap:
        new_runs = false;  // a candidate of an interrupted attempt is ended first
        point();
        old_runs = true;
        return Event::swap_begins;
      case Action::swap:
        old_runs = false;
        point();
        new_runs = true;
        point();
        return Event::healthy;
      case Action::watch:
        return new_is_good ? Event::passed : Event::unhealthy;
      case Action::restore:
        new_runs = false;
        point();
        old_runs = true;
        return Event::settled;
      default:
        return Event::settled;
    }
  }

  void advance(Event event) {
    for (;;) {
      DeviceRecord next = stored;
      EventDetail detail = accepted();
      detail.boot = "first";
      detail.blame_release = event == Event::unhealthy || event == Event::restarted_dead;
      const auto action = step(next, event, detail);
      ASSERT_TRUE(action) << action.error().text();
      point();
      stored = *parse_record(encode_record(next));
      point();
      if (stored.state == State::idle) return;
      event = act(*action);
    }
  }

  void run() {
    try {
      advance(Event::poll_due);
    } catch (PowerCut) {
      restart();
    }
  }

  void restart() {
    if (reboot) old_runs = new_runs = false;
    // At start the agent first sees to the version that the record says is in charge.
    const bool trying = stored.state == State::swapping || stored.state == State::probation;
    const Event event = restart_event(stored, new_runs, !reboot, reboot ? "second" : "first");
    if (!trying && !new_runs) (stored.current == kNew ? new_runs : old_runs) = true;
    advance(event);
    if (stored.current == kNew && !new_runs) new_runs = true;
  }
};

class InterruptedUpdate : public ::testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(InterruptedUpdate, EndsWithExactlyOneVersionAtEveryPoint) {
  const auto [good, reboot] = GetParam();
  ModelDevice whole;
  whole.stored.current = kOld;
  whole.new_is_good = good;
  whole.run();
  ASSERT_GT(whole.points, 15);
  EXPECT_EQ(whole.stored.current, good ? kNew : kOld);

  for (int point = 0; point < whole.points; ++point) {
    ModelDevice device;
    device.stored.current = kOld;
    device.new_is_good = good;
    device.fail_at = point;
    device.reboot = reboot;
    device.run();
    SCOPED_TRACE(point);
    EXPECT_NE(device.old_runs, device.new_runs) << "neither or both run";
    EXPECT_EQ(device.new_runs, device.stored.current == kNew);
    EXPECT_EQ(device.stored.state, State::idle);
    if (!good) EXPECT_EQ(device.stored.current, kOld);
  }
}

INSTANTIATE_TEST_SUITE_P(All, InterruptedUpdate, ::testing::Combine(::testing::Bool(), ::testing::Bool()));

}  // namespace
}  // namespace stratus::update
