// The patch part of a recipe: how some new bytes come out of a reference (old bytes, addressed linearly) and
// of bytes that are new. Seven streams, so that each compresses among its like; see docs/formats/delta.md,
// "Patches".
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/delta/stream_reader.hpp"

namespace stratus::delta {

// A target is made in steps of copy, insert, seek. Copied bytes, of all targets in a row, are runs that are
// exact and runs to which a difference is added, in turn.
enum PatchStream : std::size_t { kCopy, kInsert, kSeek, kExact, kDiff, kDelta, kLiteral, kPatchStreams };

// What a patch copies from. Reads are bounds-checked: outside the reference is `corrupt`.
class Reference {
 public:
  virtual ~Reference() = default;
  virtual Result<void> read(std::uint64_t position, std::span<std::uint8_t> into) = 0;
};

// The distances (reference position - target position) that were used last, latest first. Text that was
// replaced by as much, or that comes back after something foreign, goes on at one of them.
class RecentShifts {
 public:
  static constexpr std::size_t kSize = 8;

  std::uint64_t operator[](std::size_t index) const { return shifts_[index]; }
  std::optional<std::size_t> find(std::uint64_t shift) const;
  void use(std::uint64_t shift);

 private:
  std::array<std::uint64_t, kSize> shifts_{};
};

class PatchReader {
 public:
  explicit PatchReader(std::array<StreamReader, kPatchStreams> streams) : streams_(std::move(streams)) {}

  // The next target is `size` bytes long; copying starts at `position`, or where the last target's ended.
  void begin(std::uint64_t size, std::optional<std::uint64_t> position);
  // The target's next bytes, exactly; no more than it has left.
  Result<void> read(Reference& reference, std::span<std::uint8_t> into);
  std::uint64_t left() const { return left_; }
  // All streams are used up.
  bool at_end() const;

 private:
  enum class Stage : std::uint8_t { start, copy, insert };
  Result<void> next_stage();
  Result<void> copy(Reference& reference, std::span<std::uint8_t> into);

  std::array<StreamReader, kPatchStreams> streams_;
  Bytes scratch_;
  RecentShifts shifts_;
  std::uint64_t left_ = 0;   // of the target
  std::uint64_t piece_ = 0;  // of the stage
  std::uint64_t made_ = 0;   // of all targets
  std::uint64_t position_ = 0;
  Stage stage_ = Stage::start;
  bool progress_ = true;  // the current step made bytes
  // Runs.
  std::uint64_t run_ = 0;
  bool run_differs_ = true;
  bool first_run_ = true;
};

// One step of a patch: copy `copy` bytes from `position` (they may differ here and there), then `insert` new
// bytes.
struct PatchStep {
  std::uint64_t position = 0;
  std::uint64_t copy = 0;
  std::uint64_t insert = 0;

  bool operator==(const PatchStep&) const = default;
};

class PatchWriter {
 public:
  // Runs of equal bytes at least this long are cut out of the diff.
  explicit PatchWriter(std::size_t equal_run) : equal_run_(equal_run) {}

  // The reference's bytes from a position on.
  using Lookup = std::function<BytesView(std::uint64_t position, std::size_t size)>;

  // Appends a target. `position`: as for PatchReader::begin.
  void append(BytesView target, const std::vector<PatchStep>& steps, const Lookup& reference,
              std::optional<std::uint64_t> position);
  // Ends the last run. Call once, after the last target.
  std::array<Bytes, kPatchStreams> finish();

 private:
  void seek(std::uint64_t position);
  void append_copy(BytesView target, BytesView reference);
  void end_run();

  std::size_t equal_run_;
  std::array<Bytes, kPatchStreams> streams_;
  RecentShifts shifts_;
  std::uint64_t position_ = 0, made_ = 0;
  std::uint64_t exact_ = 0;  // the run before `pending_`
  Bytes pending_;            // differences since then; ends in `equal_` zeros
  std::size_t equal_ = 0;
};

}  // namespace stratus::delta
