#include "stratus/runtime/passwd.hpp"

#include <charconv>

namespace stratus::runtime {
namespace {

constexpr std::uint32_t kMaxId = 65535;

// Cuts the text before `mark` off the front of `rest`.
std::string_view cut(std::string_view& rest, char mark) noexcept {
  const std::size_t at = rest.find(mark);
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return part;
}

bool parse_id(std::string_view text, std::uint32_t& id) noexcept {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  return !text.empty() && error == std::errc() && stop == end && id <= kMaxId;
}

struct PasswdLine {
  std::string_view name, home;
  std::uint32_t uid = 0, gid = 0;
};

// The first line that names the user, or that has the number; passwd(5).
bool find_user(std::string_view passwd, std::string_view name, bool by_number, std::uint32_t number,
               PasswdLine& out) noexcept {
  while (!passwd.empty()) {
    std::string_view line = cut(passwd, '\n');
    PasswdLine entry;
    entry.name = cut(line, ':');
    cut(line, ':');
    const std::string_view uid = cut(line, ':');
    const std::string_view gid = cut(line, ':');
    cut(line, ':');
    entry.home = cut(line, ':');
    if (!parse_id(uid, entry.uid) || !parse_id(gid, entry.gid)) continue;
    if (by_number ? entry.uid == number : entry.name == name) {
      out = entry;
      return true;
    }
  }
  return false;
}

bool lists(std::string_view members, std::string_view name) noexcept {
  while (!members.empty()) {
    if (cut(members, ',') == name) return true;
  }
  return false;
}

struct GroupLine {
  std::string_view name, members;
  std::uint32_t gid = 0;
};

bool next_group(std::string_view& group, GroupLine& out) noexcept {
  while (!group.empty()) {
    std::string_view line = cut(group, '\n');
    out.name = cut(line, ':');
    cut(line, ':');
    const std::string_view gid = cut(line, ':');
    out.members = line;
    if (parse_id(gid, out.gid)) return true;
  }
  return false;
}

}  // namespace

bool resolve_user(std::string_view user, std::string_view passwd, std::string_view group,
                  UserIds& out) noexcept {
  out = UserIds{};
  std::string_view wanted_group = user;
  const std::string_view wanted_user = cut(wanted_group, ':');

  PasswdLine line;
  bool listed = false;
  if (parse_id(wanted_user, out.uid) || wanted_user.empty()) {
    listed = find_user(passwd, {}, true, out.uid, line);
  } else {
    listed = find_user(passwd, wanted_user, false, 0, line);
    if (!listed) return false;
  }
  if (listed) {
    out.uid = line.uid;
    out.gid = line.gid;
    out.home = line.home;
  }
  GroupLine entry;
  if (!wanted_group.empty()) {
    if (parse_id(wanted_group, out.gid)) return true;
    for (std::string_view rest = group; next_group(rest, entry);) {
      if (entry.name == wanted_group) {
        out.gid = entry.gid;
        return true;
      }
    }
    return false;
  }
  // Without an explicit group the user's supplementary groups count too, as container engines do.
  for (std::string_view rest = group; listed && next_group(rest, entry);) {
    if (out.group_count < UserIds::kMaxGroups && lists(entry.members, line.name)) {
      out.groups[out.group_count++] = entry.gid;
    }
  }
  return true;
}

}  // namespace stratus::runtime
