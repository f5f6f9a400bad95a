// A progress line on standard error, drawn in place on a terminal and not at all elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

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
  void clear();  // removes the line, so that other output starts clean

 private:
  void draw();

  bool shown_;
  bool in_bytes_ = true, drawn_ = false;
  std::string phase_;
  std::uint64_t done_ = 0, total_ = 0;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace stratus::cli
