// `stratus login|logout`, `stratus user …`, `stratus token …`: people and what they may do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "stratus/base/result.hpp"
#include "stratus/cli/common.hpp"

namespace stratus::cli {

struct LoginOptions {
  std::string name;  // asked for when empty
  // "-": standard input; empty: asked for on the terminal.
  std::filesystem::path password_file;
  std::int64_t days = 30;
};
// Signs in, has a token made and keeps it in the user's configuration (0600), one a server; later commands
// without --token-file use it.
Result<void> login(const LoginOptions& options, const CommonOptions& common);
// Also for a password that somebody else set, with which nothing else is allowed.
Result<void> change_own_password(const std::string& name, const std::filesystem::path& old_file,
                                 const std::filesystem::path& new_file, const CommonOptions& common);
Result<void> logout(const CommonOptions& common);  // revokes that token and forgets it
Result<void> show_me(const CommonOptions& common);

// $XDG_CONFIG_HOME/stratus/tokens/HOST_PORT; empty when there is no home to keep it in.
std::filesystem::path kept_token_file(const std::string& server);

struct TokenOptions {
  std::string name;
  std::vector<std::string> scopes;  // empty: all that the maker may
  std::int64_t days = 90;
};
Result<void> create_token(const TokenOptions& options, const CommonOptions& common);
Result<void> list_tokens(bool all, const CommonOptions& common);
Result<void> revoke_token(const std::string& id, const CommonOptions& common);

struct UserOptions {
  std::string name;
  std::optional<std::string> display;
  std::vector<std::string> roles;
  std::filesystem::path password_file;
  std::optional<bool> disabled;
};
Result<void> list_users(const CommonOptions& common);
Result<void> create_user(const UserOptions& options, const CommonOptions& common);
// Changes what is said: roles, display, password (with password_file), disabled.
Result<void> change_user(const UserOptions& options, const CommonOptions& common);
Result<void> delete_user(const std::string& name, const CommonOptions& common);

}  // namespace stratus::cli
