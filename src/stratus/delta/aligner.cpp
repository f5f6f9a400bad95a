#include "stratus/delta/aligner.hpp"

#include <algorithm>

namespace stratus::delta {
namespace {

// A run this long under the current alignment is followed without looking for a better one.
constexpr std::size_t kTrusted = 32;
// Another alignment must explain this many bytes more than the current one: about the price of a step.
constexpr std::size_t kGain = 8;
constexpr std::size_t kScored = 4096;  // bytes looked at when two alignments are compared

class Aligner {
 public:
  Aligner(BytesView target, BytesView reference, const MatchFinder& finder, std::uint64_t position)
      : target_(target), reference_(reference), finder_(finder), shift_(static_cast<std::int64_t>(position)) {
    recent_.use(position);
  }

  std::vector<PatchStep> run() {
    std::size_t at = 0;
    while (at < target_.size()) {
      const std::size_t run = equal_run(at, shift_);
      if (run >= kTrusted) {
        at += run;
        continue;
      }
      const Match match = finder_.find(target_.subspan(at));
      if (match.size > kGain) {
        const std::size_t scored = std::min(match.size, kScored);
        if (scored > agreement(at, scored) + kGain) {
          switch_to(at, cheapest_shift(at, match));
          at += std::max<std::size_t>(equal_run(at, shift_), 1);
          continue;
        }
      }
      at += std::max<std::size_t>(run, 1);
    }
    finish();
    return std::move(steps_);
  }

 private:
  bool agrees(std::size_t at, std::int64_t shift) const {
    const auto where = static_cast<std::uint64_t>(static_cast<std::int64_t>(at) + shift);
    return where < reference_.size() && reference_[where] == target_[at];
  }
  std::size_t equal_run(std::size_t at, std::int64_t shift) const {
    const auto where = static_cast<std::uint64_t>(static_cast<std::int64_t>(at) + shift);
    if (where >= reference_.size()) return 0;
    const std::size_t limit = std::min(target_.size() - at, reference_.size() - where);
    const auto first = target_.begin() + static_cast<std::ptrdiff_t>(at);
    const auto differ = std::mismatch(first, first + static_cast<std::ptrdiff_t>(limit),
                                      reference_.begin() + static_cast<std::ptrdiff_t>(where));
    return static_cast<std::size_t>(differ.first - first);
  }
  std::size_t agreement(std::size_t at, std::size_t size) const {
    std::size_t count = 0;
    for (std::size_t i = at; i < at + size; ++i) count += agrees(i, shift_) ? 1 : 0;
    return count;
  }

  // A shift used lately costs a byte, a near one two, a far one four: worth a few bytes of match.
  std::int64_t cheapest_shift(std::size_t at, const Match& match) const {
    for (std::size_t i = 0; i < RecentShifts::kSize; ++i) {
      const auto shift = static_cast<std::int64_t>(recent_[i]);
      if (equal_run(at, shift) + 3 >= match.size) return shift;
    }
    const auto expected = static_cast<std::uint64_t>(static_cast<std::int64_t>(at) + shift_);
    return static_cast<std::int64_t>(finder_.nearest(match, expected).position) -
           static_cast<std::int64_t>(at);
  }

  // How far beyond `start_` the current alignment pays, at most to `end`.
  std::size_t reach_forward(std::size_t end) const {
    std::int64_t score = 0, best = 0;
    std::size_t reach = start_;
    for (std::size_t i = start_; i < end; ++i) {
      const auto where = static_cast<std::uint64_t>(static_cast<std::int64_t>(i) + shift_);
      if (where >= reference_.size()) break;
      score += reference_[where] == target_[i] ? 1 : -1;
      if (score > best) {
        best = score;
        reach = i + 1;
      }
    }
    return reach;
  }
  std::size_t reach_backward(std::size_t from, std::int64_t shift) const {
    std::int64_t score = 0, best = 0;
    std::size_t reach = from;
    for (std::size_t i = from; i > start_; --i) {
      if (static_cast<std::int64_t>(i - 1) + shift < 0) break;
      score += agrees(i - 1, shift) ? 1 : -1;
      if (score > best) {
        best = score;
        reach = i - 1;
      }
      // Far beyond any gain the loop would only cost time.
      if (score < best - 4096) break;
    }
    return reach;
  }

  void switch_to(std::size_t at, std::int64_t shift) {
    std::size_t end = reach_forward(at);
    std::size_t begin = reach_backward(at, shift);
    if (begin < end) {
      // Both want [begin, end): split it where together they agree most.
      std::int64_t score = 0, best = 0;
      std::size_t split = begin;
      for (std::size_t i = begin; i < end; ++i) {
        score += (agrees(i, shift_) ? 1 : 0) - (agrees(i, shift) ? 1 : 0);
        if (score > best) {
          best = score;
          split = i + 1;
        }
      }
      begin = end = split;
    }
    add_step(end, begin);
    start_ = begin;
    shift_ = shift;
    recent_.use(static_cast<std::uint64_t>(shift));
  }

  void finish() { add_step(reach_forward(target_.size()), target_.size()); }

  void add_step(std::size_t copied_to, std::size_t end) {
    if (end == start_) return;
    PatchStep step;
    step.copy = copied_to - start_;
    step.insert = end - copied_to;
    if (step.copy > 0) {
      step.position = static_cast<std::uint64_t>(static_cast<std::int64_t>(start_) + shift_);
    }
    // A step that copies nothing belongs to the insertion before it.
    if (step.copy == 0 && !steps_.empty()) {
      steps_.back().insert += step.insert;
      return;
    }
    steps_.push_back(step);
  }

  BytesView target_, reference_;
  const MatchFinder& finder_;
  std::int64_t shift_;
  std::size_t start_ = 0;  // what comes before has its step
  RecentShifts recent_;
  std::vector<PatchStep> steps_;
};

}  // namespace

std::vector<PatchStep> align(BytesView target, BytesView reference, const MatchFinder& finder,
                             std::uint64_t position) {
  return Aligner(target, reference, finder, position).run();
}

}  // namespace stratus::delta
