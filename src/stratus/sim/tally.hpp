// What a simulation counts, as values that can be added up over worker processes and told as JSON. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "stratus/base/result.hpp"

namespace stratus::sim {

// Times in milliseconds, in buckets that grow by an eighth: percentiles within 6 %, a fixed size, addable.
class Histogram {
 public:
  void record(std::uint64_t ms);
  void add(const Histogram& other);
  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_); }
  std::uint64_t percentile(double percent) const;  // the middle of its bucket, at most max()

 private:
  friend boost::json::value encode_tally_value(const struct Tally& tally);
  friend Result<struct Tally> parse_tally(std::string_view text);
  static constexpr std::size_t kBuckets = 320;
  std::array<std::uint32_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0, sum_ = 0, max_ = 0;
};

// Each way of recovering is counted apart (C8): going on with a download that was interrupted, and coming
// back to the version before.
struct Recovery {
  std::uint64_t needed = 0;
  std::uint64_t done = 0;
};

struct Tally {
  // How it is now.
  std::uint64_t devices = 0;
  std::uint64_t online = 0;       // connected to the broker
  std::uint64_t updating = 0;     // on the way from learning of a release to its outcome
  std::uint64_t downloading = 0;  // of those
  std::uint64_t unsaid = 0;       // reports that the server has not called stored yet
  std::uint64_t reached = 0;      // devices that are where the run is to end
  // Since the beginning.
  std::uint64_t connects = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t rolled_back = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t bytes = 0;     // of blobs
  std::uint64_t requests = 0;  // over HTTPS
  std::uint64_t messages = 0;  // published
  std::uint64_t power_cuts = 0;
  std::uint64_t link_cuts = 0;  // of the connection that downloads, whoever cut it
  Recovery partial;
  Recovery rollback;
  Histogram download;  // ms from the first request for a blob to the last byte, waiting for power included
  Histogram update;    // ms from learning of the release to the outcome
  std::map<std::string, std::uint64_t> causes;  // of what did not succeed; at most kMaxCauses
  // Of the process.
  std::uint64_t memory_kib = 0;       // resident beyond what it had before the first device
  std::uint64_t peak_memory_kib = 0;  // likewise, at its highest

  static constexpr std::size_t kMaxCauses = 50;

  std::uint64_t finished() const { return succeeded + failed + rolled_back + cancelled; }
  void count_cause(std::string_view cause);
  void add(const Tally& other);
};

// For the pipe between processes: everything.
std::string encode_tally(const Tally& tally);
Result<Tally> parse_tally(std::string_view text);

// For people and programs: the final report. `wall_s`: how long it ran.
std::string report_json(const Tally& tally, double wall_s);
std::string report_text(const Tally& tally, double wall_s);
// One line while it runs; `bytes_per_s`: since the line before.
std::string live_line(const Tally& tally, double bytes_per_s);

}  // namespace stratus::sim
