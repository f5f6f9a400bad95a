// The patch part of a recipe: how some new bytes come out of a reference (old bytes, addressed linearly) and
// of bytes that are new. Six streams, so that each compresses among its like; see docs/formats/delta.md,
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

enum PatchStream : std::size_t { kExact, kDiff, kInsert, kSeek, kDelta, kLiteral, kPatchStreams };

// What a patch copies from. Reads are bounds-checked: outside the reference is `corrupt`.
class Reference {
 public:
  virtual ~Reference() = default;
  virtual Result<void> read(std::uint64_t position, std::span<std::uint8_t> into) = 0;
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
  enum class Stage : std::uint8_t { exact, diff, insert };
  Result<void> next_stage();

  std::array<StreamReader, kPatchStreams> streams_;
  Bytes scratch_;
  std::uint64_t left_ = 0;   // of the target
  std::uint64_t piece_ = 0;  // of the stage
  std::uint64_t position_ = 0;
  Stage stage_ = Stage::insert;
  bool jump_ = false;     // the diff piece ends in an insertion and a seek
  bool progress_ = true;  // the current step made bytes
  bool first_ = true;     // nothing of this target was read yet
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
  explicit PatchWriter(std::size_t zero_run) : zero_run_(zero_run) {}

  // The reference's bytes from a position on.
  using Lookup = std::function<BytesView(std::uint64_t position, std::size_t size)>;

  // Appends a target. `position`: as for PatchReader::begin.
  void append(BytesView target, const std::vector<PatchStep>& steps, const Lookup& reference,
              std::optional<std::uint64_t> position);

  const std::array<Bytes, kPatchStreams>& streams() const { return streams_; }

 private:
  void append_copy(BytesView target, BytesView reference, bool last_of_target, bool jump);

  std::size_t zero_run_;
  std::array<Bytes, kPatchStreams> streams_;
  std::uint64_t position_ = 0;
};

}  // namespace stratus::delta
