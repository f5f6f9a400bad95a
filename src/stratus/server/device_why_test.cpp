#include "stratus/server/device_why.hpp"

#include <functional>

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::server {
namespace {

const Digest kOld = sha256(std::string_view("old"));
const Digest kNew = sha256(std::string_view("new"));

// A device that runs the old version while a rollout, whose wave is open, wants the new one.
WhyFacts behind() {
  WhyFacts facts;
  facts.now_ms = 1'000'000;
  facts.health = "online";
  facts.last_seen_ms = 999'000;
  facts.follows = "app";
  facts.running = kOld;
  facts.running_version = "1";
  facts.wanted = kNew;
  facts.wanted_version = "2";
  facts.wanted_by_rollout = true;
  WhyRollout rollout;
  rollout.id = "R";
  rollout.open_wave = 1;
  rollout.device = rollout::DeviceState::requested;
  facts.rollout = rollout;
  return facts;
}

std::string answer(const WhyFacts& facts) {
  const Why why = explain_device(facts);
  const WhyStep* const step = why.blocker();
  return step == nullptr ? "" : std::string(name_of(step->code));
}

TEST(DeviceWhy, EachReasonIsTheAnswerWhenAllBeforeItHolds) {
  struct Row {
    const char* code;
    std::function<void(WhyFacts&)> spoil;
  };
  using rollout::DeviceState;
  const Row rows[] = {
      {"known", [](WhyFacts& f) { f.known = false; }},
      {"active", [](WhyFacts& f) { f.active = false; }},
      {"enrolled", [](WhyFacts& f) { f.revoked = true; }},
      {"enrolled", [](WhyFacts& f) { f.identity_required = true; }},
      {"certificate", [](WhyFacts& f) { f.enrolled = true, f.certificate_ends_ms = 999'999; }},
      {"heard", [](WhyFacts& f) { f.health = "never"; }},
      {"online", [](WhyFacts& f) { f.health = "offline"; }},
      {"follows", [](WhyFacts& f) { f.follows.clear(), f.wanted = Digest(); }},
      {"target", [](WhyFacts& f) { f.wanted = Digest(); }},
      {"compatible", [](WhyFacts& f) { f.incompatible = "it is for board b"; }},
      {"rollout_running", [](WhyFacts& f) { f.rollout->state = rollout::State::paused; }},
      {"deltas", [](WhyFacts& f) { f.rollout->waits_for_deltas = true; }},
      {"wave", [](WhyFacts& f) { f.rollout->wave = 2; }},
      {"window",
       [](WhyFacts& f) { f.rollout->device = DeviceState::waiting, f.rollout->window_open = false; }},
      {"free", [](WhyFacts& f) { f.rollout->device = DeviceState::waiting, f.rollout->busy = true; }},
      {"retry",
       [](WhyFacts& f) {
         f.rollout->device = DeviceState::waiting, f.rollout->attempt = 1,
         f.rollout->not_before_ms = 2'000'000;
       }},
      {"retry", [](WhyFacts& f) { f.rollout->device = DeviceState::failed, f.rollout->attempt = 1; }},
      {"turn", [](WhyFacts& f) { f.rollout->device = DeviceState::waiting; }},
      {"outcome", [](WhyFacts& f) { f.last_target = kNew, f.last_state = "rolled_back"; }},
      {"runs", [](WhyFacts&) {}},
      {"", [](WhyFacts& f) { f.running = kNew; }},
  };
  for (const Row& row : rows) {
    WhyFacts facts = behind();
    row.spoil(facts);
    EXPECT_EQ(answer(facts), row.code);
    const Why why = explain_device(facts);
    EXPECT_EQ(why.updated, std::string_view(row.code).empty()) << row.code;
    for (const WhyStep& step : why.steps) EXPECT_FALSE(step.detail.empty()) << name_of(step.code);
  }
}

TEST(DeviceWhy, ADeviceThatCommittedNothingMayStillRunSomething) {
  WhyFacts facts = behind();
  EXPECT_TRUE(explain_device(facts).steps.back().detail.starts_with("it runs 1 ("));
  facts.running = Digest();
  facts.running_version.clear();
  const std::string said = explain_device(facts).steps.back().detail;
  EXPECT_EQ(said, "it has committed no version yet (that ends its probation), 2 (" + kNew.short_hex() +
                      ") is wanted");
}

TEST(DeviceWhy, StepsThatDoNotApplyAreLeftOut) {
  WhyFacts facts = behind();
  facts.rollout.reset();
  facts.wanted_by_rollout = false;
  const Why why = explain_device(facts);
  std::string codes;
  for (const WhyStep& step : why.steps) codes += std::string(name_of(step.code)) + " ";
  EXPECT_EQ(codes, "known active heard online follows target compatible runs ");
}

}  // namespace
}  // namespace stratus::server
