#include "stratus/server/rollout_replay.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace stratus::server {
namespace {

namespace json = boost::json;

TEST(RolloutReplay, KnowsWhenEachBeganAndEnded) {
  const json::value value = json::parse(encode_replay(
      "R",
      {{"success", 5000, 7000}, {"downloading", 6000, 6500}, {"waiting", 0, 4000}, {"cancelled", 0, 9000}}));
  EXPECT_EQ(value.at("from").as_string(), "1970-01-01T00:00:05.000Z");
  EXPECT_EQ(value.at("step_ms"), 4);
  EXPECT_EQ(value.at("steps"), 1000);
  EXPECT_EQ(json::serialize(value.at("begun")), "[0,250,-1,-1]");
  EXPECT_EQ(json::serialize(value.at("ended")), "[500,-1,-1,1000]");
}

TEST(RolloutReplay, OfNothingHasNoSteps) {
  EXPECT_EQ(json::parse(encode_replay("R", {})).at("steps"), 0);
  const json::value waits = json::parse(encode_replay("R", {{"waiting", 0, 4000}}));
  EXPECT_EQ(waits.at("steps"), 0);
  EXPECT_EQ(json::serialize(waits.at("begun")), "[-1]");
}

}  // namespace
}  // namespace stratus::server
