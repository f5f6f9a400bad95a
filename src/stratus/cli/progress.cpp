#include "stratus/cli/progress.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/bytes.hpp"

namespace stratus::cli {

namespace {
constexpr std::chrono::milliseconds kEvery{80};
constexpr std::size_t kBar = 30;
}  // namespace

Progress::Progress(const CommonOptions& common)
    : wanted_(!common.json && !common.quiet), shown_(wanted_ && ::isatty(STDERR_FILENO) == 1) {}

void Progress::announce(std::string_view text) const {
  if (wanted_ && !shown_) fmt::print(stderr, "{}\n", text);
}

void Progress::start(std::string phase, std::uint64_t total, bool in_bytes) {
  clear();
  phase_ = std::move(phase);
  total_ = total;
  done_ = 0;
  in_bytes_ = in_bytes;
  draw();
}

void Progress::set(std::uint64_t done) {
  done_ = done;
  if (shown_ && std::chrono::steady_clock::now() - last_ >= kEvery) draw();
}

void Progress::draw() {
  if (!shown_) return;
  last_ = std::chrono::steady_clock::now();
  const auto text = [&](std::uint64_t value) {
    return in_bytes_ ? human_bytes(value) : fmt::format("{}", value);
  };
  if (total_ == 0) {
    fmt::print(stderr, "\r\x1b[K{} {}", phase_, text(done_));
  } else {
    const std::uint64_t shown = std::min(done_, total_);
    const auto filled =
        static_cast<std::size_t>(static_cast<double>(shown) / static_cast<double>(total_) * kBar);
    fmt::print(stderr, "\r\x1b[K{} [{:-<{}}] {} of {}", phase_, std::string(filled, '#'), kBar, text(shown),
               text(total_));
  }
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace stratus::cli
