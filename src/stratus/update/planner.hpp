// Chooses the cheapest way to a release from what the device holds. Pure.
//
// A layer that is here costs nothing; of the others each takes the cheaper of its delta and its own blob,
// counting only the bytes that are not here yet. The plan says before the first byte what it will cost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"

namespace stratus::update {

struct BlobNeed {
  Digest digest;
  std::uint64_t size = 0;  // bytes
  std::uint64_t here = 0;  // of them in a partial file already
};

struct LayerNeed {
  Digest diff_id;
  bool installed = false;
  BlobNeed blob;                     // the layer itself
  std::optional<BlobNeed> delta;     // a recipe against what runs
  std::uint64_t unpacked_bytes = 0;  // 0: not said; an estimate is made from the blob
};

struct PlanLimits {
  bool deltas = true;
  std::uint64_t byte_budget = 0;  // most bytes of blobs to fetch; 0: no bound
  std::uint64_t free_disk = 0;    // bytes
  std::uint64_t reserve = 0;      // bytes to leave free
  std::uint64_t memory = 0;       // bytes the agent may use; 0: no bound
};

enum class StepKind : std::uint8_t { delta, layer };
struct PlanStep {
  StepKind kind;
  Digest diff_id;
  BlobNeed blob;
};

enum class PlanKind : std::uint8_t { nothing, delta, layers, full };
std::string_view name_of(PlanKind kind);

struct Plan {
  PlanKind kind = PlanKind::nothing;
  std::vector<PlanStep> steps;    // lowest layer first
  std::uint64_t bytes = 0;        // of blobs, still to fetch
  std::uint64_t peak_disk = 0;    // bytes beyond what is used now, at the worst moment
  std::uint64_t peak_memory = 0;  // bytes, at the worst moment
};

// Memory that unpacking takes at most, beside the program itself.
inline constexpr std::uint64_t kDeltaMemory = 32ull << 20;
inline constexpr std::uint64_t kLayerMemory = 136ull << 20;  // a zstd window of 2^27 and buffers

// `no_space` with figures when a bound does not allow the cheapest plan.
Result<Plan> make_plan(const std::vector<LayerNeed>& layers, const PlanLimits& limits);

}  // namespace stratus::update
