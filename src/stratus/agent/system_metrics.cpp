#include "stratus/agent/system_metrics.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "stratus/base/file.hpp"

namespace stratus::agent {
namespace {

constexpr std::uint64_t kMaxFile = 256u << 10;  // bytes

// Cuts the next word off the front; empty at the end.
std::string_view take_word(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return text = {};
  text.remove_prefix(begin);
  const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::uint64_t number_of(std::string_view word) {
  std::uint64_t number = 0;
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

std::string text_of(const std::filesystem::path& file) {
  auto text = read_file(file, kMaxFile);
  return text ? std::move(*text) : std::string();
}

// The hottest of the machine's thermal zones, in milli-degrees.
std::uint64_t hottest() {
  std::uint64_t most = 0;
  std::error_code ignored;
  for (const auto& zone : std::filesystem::directory_iterator("/sys/class/thermal", ignored)) {
    if (zone.path().filename().string().starts_with("thermal_zone"))
      most = std::max(most, number_of(text_of(zone.path() / "temp")));
  }
  return most;
}

}  // namespace

CpuTimes parse_cpu_times(std::string_view stat) {
  if (take_word(stat) != "cpu") return {};
  CpuTimes times;
  for (int column = 0; column < 8; ++column) {  // user nice system idle iowait irq softirq steal
    const std::uint64_t value = number_of(take_word(stat));
    times.total += value;
    if (column != 3 && column != 4) times.busy += value;
  }
  return times;
}

std::pair<std::uint64_t, std::uint64_t> parse_network(std::string_view dev) {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  while (!dev.empty()) {
    const std::size_t end = std::min(dev.find('\n'), dev.size());
    std::string_view line = dev.substr(0, end);
    dev.remove_prefix(std::min(end + 1, dev.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view name = line.substr(0, colon);
    line.remove_prefix(colon + 1);
    if (take_word(name) == "lo") continue;
    received += number_of(take_word(line));
    for (int column = 0; column < 7; ++column) take_word(line);
    sent += number_of(take_word(line));
  }
  return {received, sent};
}

std::uint64_t parse_memory(std::string_view meminfo, std::string_view key) {
  while (!meminfo.empty()) {
    const std::size_t end = std::min(meminfo.find('\n'), meminfo.size());
    std::string_view line = meminfo.substr(0, end);
    meminfo.remove_prefix(std::min(end + 1, meminfo.size()));
    if (!line.starts_with(key) || line.substr(key.size(), 1) != ":") continue;
    line.remove_prefix(key.size() + 1);
    return number_of(take_word(line)) * 1024;
  }
  return 0;
}

std::vector<std::pair<std::string, double>> SystemMetrics::sample() {
  std::vector<std::pair<std::string, double>> values;
  const auto add = [&](const char* name, double value) { values.emplace_back(name, value); };
  const CpuTimes now = parse_cpu_times(text_of("/proc/stat"));
  if (last_.total > 0 && now.total > last_.total) {
    const auto share =
        static_cast<double>(now.busy - last_.busy) / static_cast<double>(now.total - last_.total);
    add("cpu_percent", static_cast<double>(static_cast<int>(share * 1000)) / 10);
  }
  last_ = now;
  const std::string memory = text_of("/proc/meminfo");
  const std::uint64_t total = parse_memory(memory, "MemTotal");
  add("memory_total", static_cast<double>(total));
  add("memory_used", static_cast<double>(total - std::min(total, parse_memory(memory, "MemAvailable"))));
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(data_, error);
  if (!error) {
    add("disk_total", static_cast<double>(space.capacity));
    add("disk_used", static_cast<double>(space.capacity - space.free));
  }
  if (const std::uint64_t heat = hottest(); heat > 0) add("temperature_c", static_cast<double>(heat) / 1000);
  const auto [received, sent] = parse_network(text_of("/proc/net/dev"));
  add("network_received", static_cast<double>(received));
  add("network_sent", static_cast<double>(sent));
  const std::string uptime = text_of("/proc/uptime");
  add("uptime_s", static_cast<double>(number_of(std::string_view(uptime).substr(0, uptime.find('.')))));
  return values;
}

}  // namespace stratus::agent
