#include "stratus/base/program_pages.hpp"

#include <charconv>
#include <string>
#include <string_view>

#include <sys/mman.h>

#include "stratus/base/file.hpp"

namespace stratus {
namespace {

constexpr std::uint64_t kMaxSmaps = 8u << 20;  // bytes

struct Mapping {
  std::uintptr_t begin = 0, end = 0;
  bool of_file = false;        // readable, not writable, private, with a path
  bool clean = false;          // holds no page of its own
  std::uint64_t resident = 0;  // bytes
};

std::uint64_t number(std::string_view text, int base = 10) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::uint64_t value = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

// "7f00-7f10 r-xp 00000000 fd:00 123   /lib/x.so", see proc(5).
bool parse_head(std::string_view line, Mapping& mapping) {
  const std::size_t dash = line.find('-');
  const std::size_t blank = line.find(' ');
  if (dash == std::string_view::npos || blank == std::string_view::npos || dash > blank) return false;
  mapping = {};
  mapping.begin = number(line.substr(0, dash), 16);
  mapping.end = number(line.substr(dash + 1, blank - dash - 1), 16);
  const std::string_view rights = line.substr(blank + 1, 4);
  mapping.of_file = (rights == "r--p" || rights == "r-xp") && line.find('/') != std::string_view::npos;
  return true;
}

std::uint64_t release(const Mapping& mapping) {
  if (!mapping.of_file || !mapping.clean || mapping.resident == 0) return 0;
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  void* const begin = reinterpret_cast<void*>(mapping.begin);
  return ::madvise(begin, mapping.end - mapping.begin, MADV_DONTNEED) == 0 ? mapping.resident : 0;
}

}  // namespace

std::uint64_t release_program_pages() {
  const auto smaps = read_file("/proc/self/smaps", kMaxSmaps);
  if (!smaps) return 0;
  std::uint64_t released = 0;
  Mapping mapping;
  std::string_view rest = *smaps;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.substr(0, 4) == "Rss:") {
      mapping.resident = number(line.substr(4)) * 1024;
    } else if (line.substr(0, 10) == "Anonymous:") {
      // Relocated pages, a debugger's breakpoints: such must stay.
      mapping.clean = number(line.substr(10)) == 0;
      released += release(mapping);
    } else if (!line.empty() && line[0] >= '0' && line[0] <= 'f' &&
               line.find(": ") == std::string_view::npos) {
      if (!parse_head(line, mapping)) mapping = {};
    }
  }
  return released;
}

}  // namespace stratus
