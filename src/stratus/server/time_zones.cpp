#include "stratus/server/time_zones.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "stratus/base/file.hpp"

namespace stratus::server {
namespace {

constexpr std::size_t kHeader = 44;
constexpr std::size_t kMaxFile = 256u << 10;
constexpr std::size_t kMaxZones = 2000;

std::int64_t big_endian(std::string_view text, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(text[at + i]);
  if (bytes == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  return static_cast<std::int64_t>(value);
}

struct Counts {
  std::size_t isut, isstd, leap, time, type, chars;
  std::size_t length(std::size_t width) const {
    return time * width + time + type * 6 + chars + leap * (width + 4) + isstd + isut;
  }
};

Result<Counts> counts_at(std::string_view file, std::size_t at) {
  if (file.size() < at + kHeader || file.substr(at, 4) != "TZif" || file[at + 4] < '2')
    return fail(ErrorCode::corrupt, "not a time zone file of version 2");
  std::size_t numbers[6];
  for (std::size_t i = 0; i < 6; ++i) {
    const std::int64_t number = big_endian(file, at + 20 + 4 * i, 4);
    if (number < 0 || number > 100'000)
      return fail(ErrorCode::corrupt, "a time zone file of impossible size");
    numbers[i] = static_cast<std::size_t>(number);
  }
  return Counts{numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]};
}

bool is_zone_name(const std::string& name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '/' &&
         std::all_of(name.begin(), name.end(), fine);
}

}  // namespace

Result<int> offset_in_tzif(std::string_view file, std::int64_t utc_s) {
  STRATUS_TRY(first, counts_at(file, 0));
  const std::size_t second = kHeader + first.length(4);
  STRATUS_TRY(counts, counts_at(file, second));
  const std::size_t times = second + kHeader;
  if (counts.type == 0 || file.size() < times + counts.length(8))
    return fail(ErrorCode::corrupt, "a time zone file that is cut off");
  const std::size_t types = times + counts.time * 8;
  const std::size_t records = types + counts.time;
  std::size_t type = 0;
  for (std::size_t low = 0, high = counts.time; low < high;) {
    const std::size_t middle = (low + high) / 2;
    if (big_endian(file, times + middle * 8, 8) <= utc_s) {
      type = static_cast<unsigned char>(file[types + middle]);
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (type >= counts.type) return fail(ErrorCode::corrupt, "a time zone file that names no such type");
  return static_cast<int>(big_endian(file, records + type * 6, 4));
}

int zone_offset_minutes(const std::string& name, std::int64_t utc_ms) {
  static std::mutex mutex;
  static std::map<std::string, std::string> files;
  if (!is_zone_name(name)) return 0;
  const std::lock_guard lock(mutex);
  auto found = files.find(name);
  if (found == files.end()) {
    if (files.size() >= kMaxZones) files.clear();
    auto text = read_file("/usr/share/zoneinfo/" + name, kMaxFile);
    found = files.emplace(name, text ? std::string(text->begin(), text->end()) : std::string()).first;
  }
  const auto seconds = offset_in_tzif(found->second, utc_ms / 1000);
  return seconds ? *seconds / 60 : 0;
}

}  // namespace stratus::server
