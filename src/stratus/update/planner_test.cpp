#include "stratus/update/planner.hpp"

#include <gtest/gtest.h>

#include "stratus/update/digest_testing.hpp"

namespace stratus::update {
namespace {

using testing::digest_of;

LayerNeed layer(std::uint8_t id, std::uint64_t size, std::uint64_t unpacked) {
  LayerNeed need;
  need.diff_id = digest_of(id);
  need.blob = {digest_of(static_cast<std::uint8_t>(id + 100)), size, 0};
  need.unpacked_bytes = unpacked;
  return need;
}

LayerNeed with_delta(LayerNeed need, std::uint64_t size) {
  need.delta = BlobNeed{digest_of(200), size, 0};
  return need;
}

PlanLimits roomy() {
  PlanLimits limits;
  limits.free_disk = 1ull << 40;
  return limits;
}

TEST(Planner, NothingWhenAllIsHere) {
  LayerNeed here = layer(1, 100, 300);
  here.installed = true;
  PlanLimits limits;  // not even disk
  const auto plan = make_plan({here}, limits);
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->kind, PlanKind::nothing);
  EXPECT_EQ(plan->bytes, 0U);
}

TEST(Planner, FullOnAnEmptyDevice) {
  const auto plan = make_plan({layer(1, 100, 300), layer(2, 50, 70)}, roomy());
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->kind, PlanKind::full);
  EXPECT_EQ(plan->bytes, 150U);
  // Blobs 150; + 300 = 450; − 100 + 70 = 420.
  EXPECT_EQ(plan->peak_disk, 450U);
}

TEST(Planner, LayersWhenSomeAreHere) {
  LayerNeed here = layer(1, 100, 300);
  here.installed = true;
  const auto plan = make_plan({here, layer(2, 50, 70)}, roomy());
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->kind, PlanKind::layers);
  EXPECT_EQ(plan->bytes, 50U);
  EXPECT_EQ(plan->peak_disk, 120U);
}

TEST(Planner, DeltaWhenItIsSmaller) {
  const auto plan = make_plan({with_delta(layer(1, 100, 300), 9)}, roomy());
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->kind, PlanKind::delta);
  EXPECT_EQ(plan->bytes, 9U);
  EXPECT_EQ(plan->steps.at(0).kind, StepKind::delta);
  EXPECT_EQ(plan->peak_memory, kDeltaMemory);
}

TEST(Planner, LayerWhenTheDeltaIsNot) {
  EXPECT_EQ(make_plan({with_delta(layer(1, 100, 300), 100)}, roomy())->kind, PlanKind::full);
}

TEST(Planner, ALayerAlmostHereBeatsADelta) {
  LayerNeed need = with_delta(layer(1, 100, 300), 9);
  need.blob.here = 95;
  const auto plan = make_plan({need}, roomy());
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->steps.at(0).kind, StepKind::layer);
  EXPECT_EQ(plan->bytes, 5U);
}

TEST(Planner, DeltasCanBeOff) {
  PlanLimits limits = roomy();
  limits.deltas = false;
  EXPECT_EQ(make_plan({with_delta(layer(1, 100, 300), 9)}, limits)->kind, PlanKind::full);
}

TEST(Planner, TheBudgetIsNeverExceeded) {
  PlanLimits limits = roomy();
  limits.byte_budget = 99;
  const auto refused = make_plan({layer(1, 100, 300)}, limits);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::no_space);
  EXPECT_NE(refused.error().text().find("budget"), std::string::npos);
  limits.byte_budget = 100;
  EXPECT_TRUE(make_plan({layer(1, 100, 300)}, limits));
}

TEST(Planner, TheDiskIsCheckedWithItsReserve) {
  PlanLimits limits;
  limits.free_disk = 450;
  EXPECT_TRUE(make_plan({layer(1, 100, 350)}, limits));
  limits.reserve = 1;
  const auto refused = make_plan({layer(1, 100, 350)}, limits);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("disk"), std::string::npos);
}

TEST(Planner, AnUnknownSizeIsEstimatedNotIgnored) {
  const auto plan = make_plan({layer(1, 1'000'000, 0)}, roomy());
  ASSERT_TRUE(plan);
  EXPECT_GE(plan->peak_disk, 5'000'000U);
}

TEST(Planner, MemoryIsBounded) {
  PlanLimits limits = roomy();
  limits.memory = 16u << 20;
  EXPECT_FALSE(make_plan({with_delta(layer(1, 100, 300), 9)}, limits));
}

}  // namespace
}  // namespace stratus::update
