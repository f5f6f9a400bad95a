// Who asks, and what they may do. Pure values; the table of roles is also docs/security/roles.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stratus::server {

// What a route demands. `open`: nothing. `self`: a person or token, whatever they may do.
enum class Scope : std::uint8_t {
  open,
  self,
  device,  // what a device says and asks for itself
  devices_read,
  devices_write,
  releases_read,
  releases_write,
  rollouts_read,
  rollouts_write,
  people_admin,
  audit_read,
  system_admin,  // garbage collection, certificate authority, configuration
};
std::string_view word_of(Scope scope);  // "devices:read"

class ScopeSet {
 public:
  constexpr ScopeSet() = default;
  constexpr ScopeSet(std::initializer_list<Scope> scopes) {
    for (const Scope scope : scopes) add(scope);
  }
  constexpr void add(Scope scope) { bits_ |= bit(scope); }
  constexpr bool has(Scope scope) const { return scope == Scope::open || (bits_ & bit(scope)) != 0; }
  constexpr bool contains(ScopeSet other) const { return (bits_ & other.bits_) == other.bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr ScopeSet operator|(ScopeSet a, ScopeSet b) { return ScopeSet(a.bits_ | b.bits_); }
  friend constexpr ScopeSet operator&(ScopeSet a, ScopeSet b) { return ScopeSet(a.bits_ & b.bits_); }
  friend constexpr bool operator==(ScopeSet, ScopeSet) = default;

  // Words that may be given to tokens ("devices:read"), in the order of the enumeration.
  std::vector<std::string> words() const;
  static std::optional<ScopeSet> parse(const std::vector<std::string>& words);  // nullopt: an unknown word

 private:
  constexpr explicit ScopeSet(std::uint32_t bits) : bits_(bits) {}
  static constexpr std::uint32_t bit(Scope scope) { return 1u << static_cast<unsigned>(scope); }
  std::uint32_t bits_ = 0;
};

enum class Role : std::uint8_t { viewer, operator_, releaser, admin, auditor };
std::string_view word_of(Role role);  // "operator"
std::optional<Role> parse_role(std::string_view word);
ScopeSet scopes_of(Role role);

struct Principal {
  enum class Kind : std::uint8_t { anonymous, user, token, device };
  Kind kind = Kind::anonymous;
  std::string id;           // of the user, token or device; "" when anonymous
  std::string name;         // for people: user name, token's name, device id
  std::vector<Role> roles;  // of a user
  ScopeSet scopes;
  std::string user_id;          // whose token or session it is; "" for the administrator's own token
  std::string session;          // hash of the session's secret
  std::string csrf;             // of the session
  std::int64_t expires_ms = 0;  // 0: never
  // Why the scopes are fewer than one would expect, as a literal word: "csrf", "password_change_required".
  std::string_view obstacle;

  bool may(Scope scope) const { return scopes.has(scope); }
  // "user:alice", "token:ci", "device:d1", "anonymous": how the audit log names it.
  std::string label() const;
  // Who is behind it where two different people are needed: the user's id. All that belongs to no user is one
  // person, "admin": whoever holds the administrator's token makes such tokens as he likes.
  std::string person() const { return user_id.empty() ? "admin" : user_id; }
};

}  // namespace stratus::server
