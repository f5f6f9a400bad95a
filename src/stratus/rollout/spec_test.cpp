#include "stratus/rollout/spec.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "stratus/base/json.hpp"
#include "stratus/rollout/rollout_testing.hpp"

namespace stratus::rollout {
namespace {

using testing::kNow;

constexpr const char* kSmallest = R"({"contents":[{"name":"web","version":"2"}],"targets":{"all":true}})";

Result<Spec> read(const std::string& text) {
  STRATUS_TRY(value, parse_json(text, Spec::kMaxEncoded));
  return parse_spec(value, kNow);
}

// The smallest spec with more members.
std::string with(const std::string& members) {
  const std::string text = kSmallest;
  return text.substr(0, text.size() - 1) + "," + members + "}";
}

std::string refusal(const std::string& text) {
  const auto spec = read(text);
  return spec ? "accepted" : spec.error().text();
}

TEST(ReadSpec, TheSmallestIsEverythingAtOnce) {
  const auto spec = read(kSmallest);
  ASSERT_TRUE(spec) << spec.error().text();
  EXPECT_EQ(spec->title, "web:2");
  ASSERT_EQ(spec->waves.size(), 1U);
  EXPECT_EQ(spec->waves[0].percent, 100U);
  EXPECT_EQ(spec->waves[0].gate.failure_percent, 100U);
  EXPECT_EQ(spec->expires_ms, kNow + 7 * 86'400'000LL);
  EXPECT_FALSE(spec->window || spec->approval);
}

TEST(ReadSpec, WavesAreCumulativeAndEndWithTheRest) {
  const auto spec = read(with(R"("waves":[{"count":3,"soak_s":60},{"percent":50,"failure_percent":5}])"));
  ASSERT_TRUE(spec) << spec.error().text();
  ASSERT_EQ(spec->waves.size(), 3U);
  EXPECT_EQ(spec->waves[0].gate.soak_ms, 60'000);
  EXPECT_EQ(spec->waves[2].percent, 100U);
  EXPECT_EQ(spec->waves[2].gate.failure_percent, 5U);
}

TEST(ReadSpec, SeveralContentsShareOneName) {
  const auto spec = parse_spec_text(
      R"({"targets":{"all":true},"contents":[{"name":"content","version":"A"},{"name":"content","version":"B"}]})",
      kNow);
  ASSERT_TRUE(spec) << spec.error().text();
  EXPECT_EQ(spec->contents[1].version, "B");
}

TEST(ReadSpec, WritesWhatItReads) {
  const auto spec = read(with(
      R"("title":"night","waves":[{"groups":["lab","a"]},{"percent":10}],"start_at":"2026-11-22T00:00:00+09:00",)"
      R"("expires_s":3600,"window":{"days":["sat","sun"],"from":"22:00","to":"04:00"},"rate_per_minute":60,)"
      R"("max_in_flight":5,"retries":2,"retry_delay_ms":10,"attempt_timeout_s":9,"approval":true,)"
      R"("joining":"until_expiry")"));
  ASSERT_TRUE(spec) << spec.error().text();
  EXPECT_EQ(spec->expires_ms, spec->start_ms + 3'600'000);
  const std::string text = encode_spec_text(*spec);
  const auto again = parse_spec_text(text);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(encode_spec_text(*again), text);
  EXPECT_EQ(again->waves[0].groups, (std::vector<std::string>{"a", "lab"}));
  EXPECT_EQ(again->window->days, 0x60);
  EXPECT_EQ(again->joining, Joining::until_expiry);
}

TEST(ReadSpec, SaysWhatIsWrong) {
  EXPECT_EQ(refusal(with(R"("wave":[])")), "wave: no such member");
  EXPECT_EQ(refusal(R"({"contents":[{"name":"web","version":"2"}]})"), "targets: missing");
  EXPECT_EQ(refusal(R"({"targets":{"all":true},"contents":[]})"), "contents: nothing to install");
  EXPECT_EQ(refusal(R"({"targets":{},"contents":[{"name":"web","version":"2"}]})"),
            "targets: name devices, groups, regions or a filter, or say all");
  EXPECT_EQ(refusal(R"({"targets":{"devices":["../x"]},"contents":[{"name":"web","version":"2"}]})"),
            "targets.devices: element 0 is not an id");
  EXPECT_EQ(
      refusal(
          R"({"targets":{"all":true},"contents":[{"name":"a","version":"1"},{"name":"a","version":"2"}]})"),
      "contents: a stands there twice");
  EXPECT_EQ(
      refusal(
          R"({"targets":{"all":true},"contents":[{"name":"content","version":"A"},{"name":"content","version":"A"}]})"),
      "contents: content stands there twice");
  EXPECT_EQ(refusal(with(R"("waves":[{"percent":5,"count":3}])")),
            "waves[0].percent: say one of percent, count, groups");
  EXPECT_EQ(refusal(with(R"("waves":[{"percent":0}])")), "waves[0].percent: a wave of nobody");
  EXPECT_EQ(refusal(with(R"("waves":[{"percent":101}])")), "waves[0].percent: more than 100");
  EXPECT_EQ(refusal(with(R"("waves":[{"percent":20},{"percent":10}])")),
            "waves[1].percent: shares are cumulative and must grow from wave to wave");
  EXPECT_EQ(refusal(with(R"("expires_at":"2026-11-21T06:00:00Z")")),
            "expires_at: before the rollout could start");
  EXPECT_EQ(refusal(with(R"("window":{"from":"2","to":"04:00"})")),
            "window.from: '2' is not a time of day like 02:30");
  EXPECT_EQ(refusal(with(R"("window":{"from":"02:00","to":"04:00","days":["Mon"]})")),
            "window.days: days are mon, tue, wed, thu, fri, sat, sun");
  EXPECT_EQ(refusal(with(R"("approval":"yes")")), "approval: not true or false");
  EXPECT_EQ(refusal(with(R"("retries":-1)")), "retries: not a whole number of 0 or more");
}

}  // namespace
}  // namespace stratus::rollout
