#include "stratus/delta/patch.hpp"

#include <algorithm>
#include <cstring>

#include "stratus/delta/varint.hpp"

namespace stratus::delta {
namespace {

constexpr std::size_t kBlock = 64;

tl::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::corrupt, std::string("malformed patch in the recipe: ") + what);
}

}  // namespace

std::optional<std::size_t> RecentShifts::find(std::uint64_t shift) const {
  const auto found = std::find(shifts_.begin(), shifts_.end(), shift);
  if (found == shifts_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - shifts_.begin());
}

void RecentShifts::use(std::uint64_t shift) {
  auto slot = std::find(shifts_.begin(), shifts_.end(), shift);
  if (slot == shifts_.end()) --slot;
  *slot = shift;
  std::rotate(shifts_.begin(), slot, slot + 1);
}

void PatchReader::begin(std::uint64_t size, std::optional<std::uint64_t> position) {
  left_ = size;
  piece_ = 0;
  if (position) position_ = *position;
  stage_ = Stage::start;
  progress_ = true;
  shifts_.use(position_ - made_);
}

bool PatchReader::at_end() const {
  return run_ == 0 &&
         std::all_of(streams_.begin(), streams_.end(), [](const auto& stream) { return stream.at_end(); });
}

Result<void> PatchReader::next_stage() {
  if (stage_ == Stage::copy) {
    STRATUS_TRY(insert, streams_[kInsert].varint());
    piece_ = insert == 0 ? left_ : insert - 1;
    stage_ = Stage::insert;
  } else {
    if (stage_ == Stage::insert) {
      STRATUS_TRY(word, streams_[kSeek].varint());
      if (word < RecentShifts::kSize) {
        position_ = made_ + shifts_[static_cast<std::size_t>(word)];
      } else {
        position_ += static_cast<std::uint64_t>(unzigzag(word - RecentShifts::kSize));
      }
      shifts_.use(position_ - made_);  // any of this may wrap around: reading checks
      // A step makes bytes, except that a target may begin with a mere seek.
      if (!progress_) return malformed("an empty step");
      progress_ = false;
    }
    STRATUS_TRY(copy, streams_[kCopy].varint());
    piece_ = copy == 0 ? left_ : copy - 1;
    stage_ = Stage::copy;
  }
  if (piece_ > left_) return malformed("a step longer than its target");
  if (piece_ > 0) progress_ = true;
  return {};
}

Result<void> PatchReader::copy(Reference& reference, std::span<std::uint8_t> into) {
  STRATUS_CHECK(reference.read(position_, into));
  position_ += into.size();
  while (!into.empty()) {
    if (run_ == 0) {
      run_differs_ = !run_differs_;
      STRATUS_TRY(run, streams_[run_differs_ ? kDiff : kExact].varint());
      if (run == 0 && !first_run_) return malformed("an empty run");
      first_run_ = false;
      run_ = run;
      continue;
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(run_, into.size()));
    if (run_differs_) {
      scratch_.resize(std::max(scratch_.size(), count));
      const auto delta = std::span(scratch_).first(count);
      STRATUS_CHECK(streams_[kDelta].bytes(delta));
      for (std::size_t i = 0; i < count; ++i) into[i] = static_cast<std::uint8_t>(into[i] + delta[i]);
    }
    run_ -= count;
    into = into.subspan(count);
  }
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
      STRATUS_CHECK(copy(reference, out));
    }
    piece_ -= count;
    left_ -= count;
    made_ += count;
    into = into.subspan(count);
  }
  return {};
}

void PatchWriter::seek(std::uint64_t position) {
  const std::uint64_t shift = position - made_;
  if (const auto recent = shifts_.find(shift)) {
    append_varint(streams_[kSeek], *recent);
  } else {
    const auto distance = static_cast<std::int64_t>(position - position_);
    append_varint(streams_[kSeek], zigzag(distance) + RecentShifts::kSize);
  }
  position_ = position;
  shifts_.use(shift);
}

void PatchWriter::end_run() {
  append_varint(streams_[kExact], exact_);
  if (pending_.empty()) return;
  append_varint(streams_[kDiff], pending_.size());
  streams_[kDelta].insert(streams_[kDelta].end(), pending_.begin(), pending_.end());
  pending_.clear();
}

void PatchWriter::append_copy(BytesView target, BytesView reference) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (pending_.empty()) {  // most bytes are in long equal runs: a block at a time
      while (target.size() - i >= kBlock && std::memcmp(&target[i], &reference[i], kBlock) == 0) {
        exact_ += kBlock;
        i += kBlock;
      }
      if (i == target.size()) return;
    }
    const auto difference = static_cast<std::uint8_t>(target[i] - reference[i]);
    if (pending_.empty() && difference == 0) {
      ++exact_;
      continue;
    }
    pending_.push_back(difference);
    equal_ = difference == 0 ? equal_ + 1 : 0;
    if (equal_ < equal_run_) continue;
    pending_.resize(pending_.size() - equal_);
    end_run();
    exact_ = std::exchange(equal_, 0);
  }
}

void PatchWriter::append(BytesView target, const std::vector<PatchStep>& steps, const Lookup& reference,
                         std::optional<std::uint64_t> position) {
  if (position) position_ = *position;
  shifts_.use(position_ - made_);
  std::size_t at = 0;
  if (!steps.empty() && steps[0].copy > 0 && steps[0].position != position_) {
    append_varint(streams_[kCopy], 1);
    append_varint(streams_[kInsert], 1);
    seek(steps[0].position);
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const PatchStep& step = steps[i];
    const auto copy = static_cast<std::size_t>(step.copy), insert = static_cast<std::size_t>(step.insert);
    const bool copies_rest = at + copy == target.size();
    append_varint(streams_[kCopy], copies_rest ? 0 : copy + 1);
    if (copy > 0) append_copy(target.subspan(at, copy), reference(step.position, copy));
    position_ += copy;
    at += copy;
    made_ += copy;
    if (copies_rest) return;
    const bool inserts_rest = at + insert == target.size();
    append_varint(streams_[kInsert], inserts_rest ? 0 : insert + 1);
    const BytesView fresh = target.subspan(at, insert);
    streams_[kLiteral].insert(streams_[kLiteral].end(), fresh.begin(), fresh.end());
    at += insert;
    made_ += insert;
    if (!inserts_rest) seek(steps[i + 1].position);
  }
}

std::array<Bytes, kPatchStreams> PatchWriter::finish() {
  if (exact_ > 0 || !pending_.empty()) {
    pending_.resize(pending_.size() - equal_);
    // Equal bytes at the very end are a run of their own.
    const std::size_t rest = std::exchange(equal_, 0);
    end_run();
    if (rest > 0) append_varint(streams_[kExact], rest);
  }
  return std::move(streams_);
}

}  // namespace stratus::delta
