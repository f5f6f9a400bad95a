#include "stratus/update/device_record.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace stratus::update {
namespace {

Digest digest_of(std::uint8_t fill) {
  std::array<std::uint8_t, Digest::kSize> bytes{};
  bytes.fill(fill);
  return Digest(bytes);
}

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
  EXPECT_TRUE(record.is_bad(kNew.manifest));
  ASSERT_TRUE(step(record, Event::restarted, {}));
  EXPECT_EQ(record.reason, "exit status 3");
  ASSERT_TRUE(step(record, Event::settled, {}));
  EXPECT_TRUE(record.candidate.manifest.empty());
  EXPECT_TRUE(record.is_bad(kNew.manifest));
}

TEST(Step, ACancelledReleaseMayComeAgain) {
  DeviceRecord record = in_state(State::probation);
  EventDetail detail;
  detail.reason = "cancelled by the operator";
  ASSERT_TRUE(step(record, Event::cancel_requested, detail));
  EXPECT_EQ(record.state, State::rolled_back);
  EXPECT_FALSE(record.is_bad(kNew.manifest));
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
  EXPECT_TRUE(record.is_bad(digest_of(39)));
  EXPECT_FALSE(record.is_bad(digest_of(1)));
}

TEST(Step, AWrongRecipeTurnsDeltasOff) {
  DeviceRecord record = in_state(State::verifying);
  ASSERT_TRUE(step(record, Event::damaged, {}));
  EXPECT_EQ(record.state, State::planned);
  EXPECT_TRUE(record.without_deltas);
}

TEST(RestartEvent, DependsOnWhatIsFound) {
  DeviceRecord record = in_state(State::probation);
  record.swap_attempts = 1;
  EXPECT_EQ(restart_event(record, true, true), Event::restarted_alive);
  EXPECT_EQ(restart_event(record, false, true), Event::restarted_dead);
  EXPECT_EQ(restart_event(record, false, false), Event::restarted);
  record.swap_attempts = DeviceRecord::kMaxSwapAttempts;
  EXPECT_EQ(restart_event(record, false, false), Event::restarted_too_often);
  record.state = State::swapping;
  EXPECT_EQ(restart_event(record, true, true), Event::restarted_too_often);
  record.swap_attempts = 1;
  EXPECT_EQ(restart_event(record, true, true), Event::restarted);
}

TEST(Record, ReadsBackWhatWasWritten) {
  DeviceRecord record = in_state(State::fetching);
  EXPECT_EQ(*parse_record(encode_record(record)), record);
  record.previous = {digest_of(9), "0"};
  record.bad = {{digest_of(7), "crashed: \"x\"\n"}};
  record.reason = "why";
  record.swap_attempts = 2;
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
    const Event event = restart_event(stored, new_runs, !reboot);
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
