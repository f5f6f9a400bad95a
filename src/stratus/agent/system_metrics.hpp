// What the machine says about itself: CPU, memory, disk, temperature, network, uptime, out of /proc and /sys.
// Reads small files; blocks for microseconds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stratus::agent {

// The difference of two of these is what happened between.
struct CpuTimes {
  std::uint64_t busy = 0;
  std::uint64_t total = 0;
};
// From the text of /proc/stat; zeros when it is not as expected.
CpuTimes parse_cpu_times(std::string_view stat);
// Bytes received and sent by all interfaces but the loopback, from the text of /proc/net/dev.
std::pair<std::uint64_t, std::uint64_t> parse_network(std::string_view dev);
// The value in kB of a line of /proc/meminfo, in bytes; 0 when it is not there.
std::uint64_t parse_memory(std::string_view meminfo, std::string_view key);

class SystemMetrics {
 public:
  // `data`: its file system's space is told.
  explicit SystemMetrics(std::filesystem::path data) : data_(std::move(data)) {}
  // Names and values as they are published; what this machine does not have is left out.
  std::vector<std::pair<std::string, double>> sample();

 private:
  std::filesystem::path data_;
  CpuTimes last_;
};

}  // namespace stratus::agent
