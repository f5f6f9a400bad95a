// People's records as JSON, and what requests say about them. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "stratus/db/people.hpp"
#include "stratus/server/principal.hpp"

namespace stratus::server {

boost::json::object describe(const db::User& user);
boost::json::object describe(const db::Token& token);
boost::json::object describe(const Principal& principal);

// "alice", "ci.bot@site-1": lower case letters, digits and ._@- after a first letter or digit; up to 64.
Result<void> check_user_name(const std::string& name);
Result<void> check_password(const std::string& password, const std::string& user_name);

// What the body of a request says; absent members stay nullopt. `invalid` names what is wrong.
struct UserRequest {
  std::optional<std::string> name, display, password;
  std::optional<std::vector<std::string>> roles;
  std::optional<bool> disabled;
};
Result<UserRequest> read_user_request(const boost::json::value& body);

struct TokenRequest {
  std::string name;
  std::optional<std::vector<std::string>> scopes;
  std::optional<std::int64_t> expires_in_s;
};
Result<TokenRequest> read_token_request(const boost::json::value& body);

std::string format_ms(std::int64_t ms);  // RFC 3339; "" for 0

}  // namespace stratus::server
