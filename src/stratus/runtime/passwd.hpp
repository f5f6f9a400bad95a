// Who an OCI `user` string means, by the image's own /etc/passwd and /etc/group.
//
// Called in the launcher's child between clone and exec, where memory must not be allocated: so it works on
// views and fixed arrays only.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace stratus::runtime {

struct UserIds {
  static constexpr std::size_t kMaxGroups = 64;

  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::array<std::uint32_t, kMaxGroups> groups{};  // supplementary
  std::size_t group_count = 0;
  std::string_view home;  // into `passwd`; empty when not listed there
};

// `user`: "", "uid", "uid:gid", "name", "name:group" or a mix. A number need not be listed. False: a name
// that is not there, or a number above 65535 (what the user namespace maps).
bool resolve_user(std::string_view user, std::string_view passwd, std::string_view group,
                  UserIds& out) noexcept;

}  // namespace stratus::runtime
