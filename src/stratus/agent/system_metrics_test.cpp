#include "stratus/agent/system_metrics.hpp"

#include <gtest/gtest.h>

namespace stratus::agent {
namespace {

TEST(SystemMetrics, ReadsProc) {
  const CpuTimes times = parse_cpu_times("cpu  10 1 5 80 4 1 1 2 0 0\ncpu0 1 1 1 1\n");
  EXPECT_EQ(times.total, 104u);
  EXPECT_EQ(times.busy, 20u);
  EXPECT_EQ(parse_cpu_times("nonsense").total, 0u);
  const auto [received, sent] = parse_network(
      "Inter-|   Receive                |  Transmit\n face |bytes    packets errs drop fifo frame compressed "
      "multicast|"
      "bytes\n    lo: 500 1 0 0 0 0 0 0 500 1\n  eth0: 100 1 0 0 0 0 0 0 30 1\n wlan0:7 1 0 0 0 0 0 0 3 1\n");
  EXPECT_EQ(received, 107u);
  EXPECT_EQ(sent, 33u);
  EXPECT_EQ(parse_memory("MemTotal:  16 kB\nMemAvailable:    4 kB\n", "MemAvailable"), 4096u);
  EXPECT_EQ(parse_memory("MemTotalX: 1 kB\n", "MemTotal"), 0u);
}

TEST(SystemMetrics, TheSecondSampleKnowsTheLoad) {
  SystemMetrics metrics("/");
  const auto has = [](const auto& values, std::string_view name) {
    for (const auto& [key, value] : values) {
      if (key == name) return true;
    }
    return false;
  };
  const auto first = metrics.sample();
  EXPECT_TRUE(has(first, "memory_used"));
  EXPECT_TRUE(has(first, "uptime_s"));
  EXPECT_FALSE(has(first, "cpu_percent"));
}

}  // namespace
}  // namespace stratus::agent
