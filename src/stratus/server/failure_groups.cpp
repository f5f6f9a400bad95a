#include "stratus/server/failure_groups.hpp"

#include <algorithm>

namespace stratus::server {
namespace {

constexpr std::string_view kAny = "…";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
         c == '.' || c == '/' || static_cast<unsigned char>(c) >= 0x80;
}

// A number, a digest, a path: what says where, not what.
bool differs(std::string_view word) {
  if (word.starts_with('/')) return true;
  return std::any_of(word.begin(), word.end(), is_digit);
}

}  // namespace

std::string cause_pattern(std::string_view cause) {
  std::string out;
  for (std::size_t at = 0; at < cause.size();) {
    const char c = cause[at];
    const std::size_t quote = c == '\'' || c == '"' ? cause.find(c, at + 1) : std::string_view::npos;
    if (quote != std::string_view::npos) {
      out += c;
      out += kAny;
      out += c;
      at = quote + 1;
      continue;
    }
    std::size_t end = at;
    while (end < cause.size() && is_word(cause[end])) ++end;
    if (end == at) {
      out += c;
      ++at;
      continue;
    }
    std::string_view word = cause.substr(at, end - at);
    // A full stop ends the sentence, not the word.
    std::string_view tail;
    if (word.size() > 1 && word.back() == '.') {
      tail = ".";
      word.remove_suffix(1);
    }
    out += differs(word) ? kAny : word;
    out += tail;
    at = end;
  }
  return out;
}

std::vector<FailureGroup> group_failures(const std::vector<db::RolloutFailures>& rows) {
  std::vector<FailureGroup> groups;
  std::map<std::pair<std::string, std::int64_t>, std::size_t> known;
  for (const db::RolloutFailures& row : rows) {
    const auto [place, is_new] = known.try_emplace({cause_pattern(row.cause), row.content}, groups.size());
    if (is_new) {
      FailureGroup group;
      group.pattern = place->first.first;
      group.example = row.cause;
      group.content = row.content;
      group.first_ms = row.first_ms;
      groups.push_back(std::move(group));
    }
    FailureGroup& group = groups[place->second];
    group.devices += row.devices;
    group.first_ms = std::min(group.first_ms, row.first_ms);
    group.last_ms = std::max(group.last_ms, row.last_ms);
    group.states[row.state] += row.devices;
    group.hardware[row.hardware] += row.devices;
    for (const std::string& device : row.sample) {
      const bool there = std::find(group.sample.begin(), group.sample.end(), device) != group.sample.end();
      if (!there && group.sample.size() < db::kFailuresSample) group.sample.push_back(device);
    }
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const FailureGroup& a, const FailureGroup& b) { return a.devices > b.devices; });
  return groups;
}

}  // namespace stratus::server
