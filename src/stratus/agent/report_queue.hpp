// Reports wait here, one file each, until the server has acknowledged them: DATA/reports/<sequence>.json.
// Bounded: beyond kMaxWaiting the oldest go. Blocking, small; one thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "stratus/base/result.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::agent {

class ReportQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 256;

  explicit ReportQueue(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Durable when it returns; the same sequence again replaces it.
  Result<void> add(const wire::DeviceReport& report);
  // What cannot be stored now: waits in memory like the others, is gone with the agent unless add() comes
  // after.
  void hold(const wire::DeviceReport& report);
  // Sequence numbers that wait, oldest first.
  std::vector<std::uint64_t> waiting() const;
  // The encoded report; `not_found` when it is gone.
  Result<std::string> read(std::uint64_t sequence) const;
  void remove(std::uint64_t sequence);
  // Neither acknowledged nor refused yet.
  bool waits(std::uint64_t sequence) const;

 private:
  std::filesystem::path file_of(std::uint64_t sequence) const;
  std::filesystem::path directory_;
  std::map<std::uint64_t, std::string> held_;  // encoded
};

}  // namespace stratus::agent
