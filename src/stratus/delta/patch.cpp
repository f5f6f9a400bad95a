#include "stratus/delta/patch.hpp"

#include <algorithm>

#include "stratus/delta/varint.hpp"

namespace stratus::delta {
namespace {

tl::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::corrupt, std::string("malformed patch in the recipe: ") + what);
}

}  // namespace

void PatchReader::begin(std::uint64_t size, std::optional<std::uint64_t> position) {
  left_ = size;
  piece_ = 0;
  if (position) position_ = *position;
  stage_ = Stage::insert;
  jump_ = false;
  progress_ = true;
  first_ = true;
}

bool PatchReader::at_end() const {
  return std::all_of(streams_.begin(), streams_.end(), [](const auto& stream) { return stream.at_end(); });
}

Result<void> PatchReader::next_stage() {
  switch (stage_) {
    case Stage::insert: {
      if (jump_) {
        STRATUS_TRY(seek, streams_[kSeek].varint());
        position_ += static_cast<std::uint64_t>(unzigzag(seek));  // may wrap; reading checks
      }
      // A step makes bytes, except that a target may begin with a mere seek.
      if (!progress_) return malformed("an empty step");
      STRATUS_TRY(exact, streams_[kExact].varint());
      piece_ = exact;
      stage_ = Stage::exact;
      progress_ = exact > 0 || first_;
      first_ = false;
      break;
    }
    case Stage::exact: {
      STRATUS_TRY(word, streams_[kDiff].varint());
      piece_ = word >> 1;
      jump_ = (word & 1) != 0;
      stage_ = Stage::diff;
      break;
    }
    case Stage::diff:
      piece_ = 0;
      if (jump_) {
        STRATUS_TRY(insert, streams_[kInsert].varint());
        piece_ = insert;
      }
      stage_ = Stage::insert;
      break;
  }
  if (piece_ > left_) return malformed("a step longer than its target");
  if (piece_ > 0) progress_ = true;
  return {};
}

Result<void> PatchReader::read(Reference& reference, std::span<std::uint8_t> into) {
  if (into.size() > left_) return malformed("read past its end");
  while (!into.empty()) {
    while (piece_ == 0) STRATUS_CHECK(next_stage());
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(piece_, into.size()));
    const auto out = into.first(count);
    if (stage_ == Stage::insert) {
      STRATUS_CHECK(streams_[kLiteral].bytes(out));
    } else {
      STRATUS_CHECK(reference.read(position_, out));
      position_ += count;
      if (stage_ == Stage::diff) {
        scratch_.resize(std::max(scratch_.size(), count));
        const auto delta = std::span(scratch_).first(count);
        STRATUS_CHECK(streams_[kDelta].bytes(delta));
        for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(out[i] + delta[i]);
      }
    }
    piece_ -= count;
    left_ -= count;
    into = into.subspan(count);
  }
  return {};
}

void PatchWriter::append_copy(BytesView target, BytesView reference, bool last_of_target, bool jump) {
  const std::size_t size = target.size();
  std::size_t at = 0;
  for (;;) {
    std::size_t equal = at;
    while (equal < size && target[equal] == reference[equal]) ++equal;
    append_varint(streams_[kExact], equal - at);
    at = equal;
    if (at == size && last_of_target) return;
    // The diff goes on until a long enough run of equal bytes.
    std::size_t end = at, run = 0;
    for (std::size_t i = at; i < size && run < zero_run_; ++i) {
      run = target[i] == reference[i] ? run + 1 : 0;
      if (run == 0) end = i + 1;
    }
    for (std::size_t i = at; i < end; ++i) {
      streams_[kDelta].push_back(static_cast<std::uint8_t>(target[i] - reference[i]));
    }
    // Equal bytes up to the end of the copy would be a step of their own without a diff.
    const bool tail = end < size;
    append_varint(streams_[kDiff], (end - at) << 1 | (jump && !tail ? 1u : 0u));
    at = end;
    if (at == size) return;
  }
}

void PatchWriter::append(BytesView target, const std::vector<PatchStep>& steps, const Lookup& reference,
                         std::optional<std::uint64_t> position) {
  if (position) position_ = *position;
  std::size_t at = 0;
  const auto jump_to = [&](std::uint64_t where) {
    append_varint(streams_[kSeek], zigzag(static_cast<std::int64_t>(where - position_)));
    position_ = where;
  };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const PatchStep& step = steps[i];
    const auto copy = static_cast<std::size_t>(step.copy), insert = static_cast<std::size_t>(step.insert);
    if (i == 0 && step.copy > 0 && step.position != position_) {
      append_varint(streams_[kExact], 0);
      append_varint(streams_[kDiff], 1);
      append_varint(streams_[kInsert], 0);
      jump_to(step.position);
    }
    const BytesView old = copy == 0 ? BytesView{} : reference(step.position, copy);
    const bool last_copy = at + copy == target.size();
    append_copy(target.subspan(at, copy), old, last_copy, !last_copy);
    position_ += copy;
    at += copy;
    if (last_copy) return;
    append_varint(streams_[kInsert], insert);
    const BytesView fresh = target.subspan(at, insert);
    streams_[kLiteral].insert(streams_[kLiteral].end(), fresh.begin(), fresh.end());
    at += insert;
    if (at < target.size()) jump_to(steps[i + 1].position);
  }
}

}  // namespace stratus::delta
