#include "stratus/agent/report_queue.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/file.hpp"

namespace stratus::agent {

namespace fs = std::filesystem;

fs::path ReportQueue::file_of(std::uint64_t sequence) const {
  return directory_ / fmt::format("{}.json", sequence);
}

Result<void> ReportQueue::add(const wire::DeviceReport& report) {
  STRATUS_CHECK(make_directories(directory_));
  STRATUS_CHECK(write_file_atomically(file_of(report.sequence), wire::encode_report(report)));
  held_.erase(report.sequence);
  const std::vector<std::uint64_t> sequences = waiting();
  for (std::size_t i = 0; i + kMaxWaiting < sequences.size(); ++i) remove(sequences[i]);
  return {};
}

void ReportQueue::hold(const wire::DeviceReport& report) {
  held_[report.sequence] = wire::encode_report(report);
  if (held_.size() > kMaxWaiting) held_.erase(held_.begin());
}

std::vector<std::uint64_t> ReportQueue::waiting() const {
  std::vector<std::uint64_t> sequences;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory_, ignored)) {
    const std::string name = entry.path().filename().string();
    std::uint64_t sequence = 0;
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), sequence);
    if (error == std::errc() && std::string_view(stop) == ".json") sequences.push_back(sequence);
  }
  for (const auto& [sequence, text] : held_) sequences.push_back(sequence);
  std::sort(sequences.begin(), sequences.end());
  sequences.erase(std::unique(sequences.begin(), sequences.end()), sequences.end());
  return sequences;
}

bool ReportQueue::waits(std::uint64_t sequence) const {
  std::error_code ignored;
  return held_.contains(sequence) || fs::exists(file_of(sequence), ignored);
}

Result<std::string> ReportQueue::read(std::uint64_t sequence) const {
  const auto held = held_.find(sequence);
  if (held != held_.end()) return held->second;
  return read_file(file_of(sequence), wire::DeviceReport::kMaxEncoded);
}

void ReportQueue::remove(std::uint64_t sequence) {
  held_.erase(sequence);
  (void)::unlink(file_of(sequence).c_str());
}

}  // namespace stratus::agent
