#include "stratus/update/planner.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stratus::update {
namespace {

// What a compressed layer becomes when nobody says: package trees compress to a quarter, seldom to less.
constexpr std::uint64_t kUnpackedPerByte = 5;
constexpr std::uint64_t kUnpackedAtLeast = 64u << 10;

std::uint64_t missing(const BlobNeed& blob) { return blob.size - std::min(blob.here, blob.size); }

std::uint64_t unpacked(const LayerNeed& layer) {
  if (layer.unpacked_bytes > 0) return layer.unpacked_bytes;
  return layer.blob.size * kUnpackedPerByte + kUnpackedAtLeast;
}

PlanStep cheapest(const LayerNeed& layer, bool deltas) {
  if (deltas && layer.delta && missing(*layer.delta) < missing(layer.blob)) {
    return {StepKind::delta, layer.diff_id, *layer.delta};
  }
  return {StepKind::layer, layer.diff_id, layer.blob};
}

PlanKind kind_of(const Plan& plan, std::size_t layers) {
  if (plan.steps.empty()) return PlanKind::nothing;
  const bool delta = std::any_of(plan.steps.begin(), plan.steps.end(),
                                 [](const PlanStep& step) { return step.kind == StepKind::delta; });
  if (delta) return PlanKind::delta;
  return plan.steps.size() == layers ? PlanKind::full : PlanKind::layers;
}

// All blobs arrive first; then each becomes a layer and is removed. The worst moment is the largest sum of
// blobs that remain and layers that are there.
std::uint64_t peak_disk(const Plan& plan, const std::vector<LayerNeed>& layers) {
  std::uint64_t blobs = plan.bytes;
  std::uint64_t unpacked_so_far = 0;
  std::uint64_t peak = blobs;
  std::size_t next = 0;
  for (const LayerNeed& layer : layers) {
    if (layer.installed) continue;
    unpacked_so_far += unpacked(layer);
    peak = std::max(peak, blobs + unpacked_so_far);
    blobs -= std::min(blobs, plan.steps[next++].blob.size);
  }
  return peak;
}

Result<void> check_limits(const Plan& plan, const PlanLimits& limits) {
  if (limits.byte_budget > 0 && plan.bytes > limits.byte_budget) {
    return fail(ErrorCode::no_space, fmt::format("the cheapest way takes {} bytes, the budget is {}",
                                                 plan.bytes, limits.byte_budget));
  }
  if (plan.peak_disk + limits.reserve > limits.free_disk && plan.kind != PlanKind::nothing) {
    return fail(
        ErrorCode::no_space,
        fmt::format("needs {} bytes of disk and {} in reserve, {} are free: free some or raise the disk",
                    plan.peak_disk, limits.reserve, limits.free_disk));
  }
  if (limits.memory > 0 && plan.peak_memory > limits.memory) {
    return fail(ErrorCode::no_space, fmt::format("needs up to {} bytes of memory, {} are allowed",
                                                 plan.peak_memory, limits.memory));
  }
  return {};
}

}  // namespace

std::string_view name_of(PlanKind kind) {
  switch (kind) {
    case PlanKind::nothing:
      return "nothing";
    case PlanKind::delta:
      return "delta";
    case PlanKind::layers:
      return "layers";
    case PlanKind::full:
      return "full";
  }
  return "?";
}

Result<Plan> make_plan(const std::vector<LayerNeed>& layers, const PlanLimits& limits) {
  Plan plan;
  for (const LayerNeed& layer : layers) {
    if (layer.installed) continue;
    PlanStep step = cheapest(layer, limits.deltas);
    plan.bytes += missing(step.blob);
    plan.peak_memory = std::max(plan.peak_memory, step.kind == StepKind::delta
                                                      ? kDeltaMemory
                                                      : std::min(kLayerMemory, unpacked(layer) + (8u << 20)));
    plan.steps.push_back(std::move(step));
  }
  plan.kind = kind_of(plan, layers.size());
  plan.peak_disk = peak_disk(plan, layers);
  STRATUS_CHECK(check_limits(plan, limits));
  return plan;
}

}  // namespace stratus::update
