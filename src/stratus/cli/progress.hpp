// A progress line on standard error, drawn in place on a terminal; elsewhere only what announce() says.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

class Progress {
 public:
  explicit Progress(const CommonOptions& common);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Begins a phase; `total` 0 when unknown. `in_bytes`: otherwise plain counts.
  void start(std::string phase, std::uint64_t total, bool in_bytes = true);
  void advance(std::uint64_t amount) { set(done_ + amount); }
  void set(std::uint64_t done);
  void set_total(std::uint64_t total) { total_ = total; }
  // One line for a log: something takes its time. Nothing on a terminal, where the line moves, nor with
  // --json or --quiet.
  void announce(std::string_view text) const;
  void clear();  // removes the line, so that other output starts clean

 private:
  void draw();

  bool wanted_, shown_;
  bool in_bytes_ = true, drawn_ = false;
  std::string phase_;
  std::uint64_t done_ = 0, total_ = 0;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace stratus::cli
