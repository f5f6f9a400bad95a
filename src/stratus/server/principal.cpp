#include "stratus/server/principal.hpp"

#include <array>
#include <utility>

namespace stratus::server {
namespace {

constexpr std::array<std::pair<Scope, std::string_view>, 12> kScopes{{
    {Scope::open, "open"},
    {Scope::self, "self"},
    {Scope::device, "device"},
    {Scope::devices_read, "devices:read"},
    {Scope::devices_write, "devices:write"},
    {Scope::releases_read, "releases:read"},
    {Scope::releases_write, "releases:write"},
    {Scope::rollouts_read, "rollouts:read"},
    {Scope::rollouts_write, "rollouts:write"},
    {Scope::people_admin, "people:admin"},
    {Scope::audit_read, "audit:read"},
    {Scope::system_admin, "system:admin"},
}};

constexpr ScopeSet kReads{Scope::self, Scope::devices_read, Scope::releases_read, Scope::rollouts_read};
constexpr ScopeSet kOperates = kReads | ScopeSet{Scope::devices_write, Scope::rollouts_write};
constexpr ScopeSet kReleasesSoftware = kReads | ScopeSet{Scope::releases_write};
constexpr ScopeSet kAudits = kReads | ScopeSet{Scope::audit_read};
constexpr ScopeSet kAll = kOperates | kReleasesSoftware | kAudits |
                          ScopeSet{Scope::people_admin, Scope::system_admin, Scope::device};

struct RoleRow {
  Role role;
  std::string_view word;
  ScopeSet scopes;
};
constexpr std::array<RoleRow, 5> kRoles{{
    {Role::viewer, "viewer", kReads},
    {Role::operator_, "operator", kOperates},
    {Role::releaser, "releaser", kReleasesSoftware},
    {Role::admin, "admin", kAll},
    {Role::auditor, "auditor", kAudits},
}};

bool is_given_to_tokens(Scope scope) {
  return scope != Scope::open && scope != Scope::self && scope != Scope::device;
}

}  // namespace

std::string_view word_of(Scope scope) { return kScopes.at(static_cast<std::size_t>(scope)).second; }

std::vector<std::string> ScopeSet::words() const {
  std::vector<std::string> found;
  for (const auto& [scope, word] : kScopes) {
    if (is_given_to_tokens(scope) && has(scope)) found.emplace_back(word);
  }
  return found;
}

std::optional<ScopeSet> ScopeSet::parse(const std::vector<std::string>& words) {
  ScopeSet set;
  for (const std::string& word : words) {
    bool known = false;
    for (const auto& [scope, name] : kScopes) {
      if (!is_given_to_tokens(scope) || name != word) continue;
      set.add(scope);
      known = true;
    }
    if (!known) return std::nullopt;
  }
  return set;
}

std::string_view word_of(Role role) { return kRoles.at(static_cast<std::size_t>(role)).word; }

std::optional<Role> parse_role(std::string_view word) {
  for (const RoleRow& row : kRoles) {
    if (row.word == word) return row.role;
  }
  return std::nullopt;
}

ScopeSet scopes_of(Role role) { return kRoles.at(static_cast<std::size_t>(role)).scopes; }

std::string Principal::label() const {
  switch (kind) {
    case Kind::user:
      return "user:" + name;
    case Kind::token:
      return "token:" + name;
    case Kind::device:
      return "device:" + name;
    case Kind::anonymous:
      break;
  }
  return "anonymous";
}

}  // namespace stratus::server
