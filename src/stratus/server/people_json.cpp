#include "stratus/server/people_json.hpp"

#include <boost/json.hpp>

#include "stratus/base/clock.hpp"
#include "stratus/base/json.hpp"
#include "stratus/base/result.hpp"
#include "stratus/server/identities.hpp"
#include "stratus/server/people.hpp"

namespace stratus::server {

namespace json = boost::json;

namespace {

constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789";

// The value under `key`: nullopt when absent, an error in `reader` when of another type.
std::optional<std::string> text_member(const json::object& object, ObjectReader& reader, const char* key,
                                       std::size_t most) {
  if (!object.contains(key)) return std::nullopt;
  return reader.text(key, most);
}

std::optional<std::vector<std::string>> words_member(const json::object& object, ObjectReader& reader,
                                                     const char* key) {
  if (!object.contains(key)) return std::nullopt;
  std::vector<std::string> words;
  for (const json::value& value : reader.optional_array(key, 32)) {
    if (!value.is_string()) {
      reader.reject(key, "holds something that is not text");
      break;
    }
    words.emplace_back(value.get_string().c_str());
  }
  return words;
}

json::array to_array(const std::vector<std::string>& words) {
  json::array array;
  for (const std::string& word : words) array.emplace_back(word);
  return array;
}

void put_time(json::object& object, const char* key, std::int64_t ms) {
  if (ms != 0) object[key] = format_ms(ms);
}

}  // namespace

std::string format_ms(std::int64_t ms) { return ms == 0 ? std::string() : format_time_ms(ms); }

json::object describe(const db::User& user) {
  json::object object{{"id", user.id},
                      {"name", user.name},
                      {"display", user.display},
                      {"roles", to_array(split_words(user.roles))},
                      {"disabled", user.disabled},
                      {"must_change_password", user.must_change},
                      {"created", format_ms(user.created_ms)}};
  put_time(object, "last_login", user.last_login_ms);
  return object;
}

json::object describe(const db::Token& token) {
  json::object object{{"id", token.id},
                      {"name", token.name},
                      {"scopes", to_array(split_words(token.scopes))},
                      {"created", format_ms(token.created_ms)},
                      {"expires", format_ms(token.expires_ms)}};
  if (!token.user_id.empty()) object["user_id"] = token.user_id;
  put_time(object, "last_used", token.used_ms);
  return object;
}

json::object describe(const Principal& principal) {
  static constexpr std::array<std::string_view, 4> kKinds{"anonymous", "user", "token", "device"};
  json::array roles;
  for (const Role role : principal.roles) roles.emplace_back(word_of(role));
  json::object object{{"kind", kKinds.at(static_cast<std::size_t>(principal.kind))},
                      {"id", principal.id},
                      {"name", principal.name},
                      {"roles", std::move(roles)},
                      {"scopes", to_array(principal.scopes.words())}};
  if (!principal.csrf.empty()) object["csrf"] = principal.csrf;
  put_time(object, "expires", principal.expires_ms);
  if (principal.obstacle == "password_change_required") object["must_change_password"] = true;
  return object;
}

Result<void> check_user_name(const std::string& name) {
  const bool fine = !name.empty() && name.size() <= 64 &&
                    kNameCharacters.find(name[0]) != std::string_view::npos &&
                    name.find_first_not_of(std::string(kNameCharacters) + "._@-") == std::string::npos;
  if (fine) return {};
  return fail(ErrorCode::invalid,
              "name: 1 to 64 lower case letters, digits and . _ @ -, the first a letter or digit",
              "bad_name");
}

Result<void> check_password(const std::string& password, const std::string& user_name) {
  if (password.size() < People::kMinPassword)
    return fail(ErrorCode::invalid, "password: at least 10 characters", "weak_password");
  if (password.size() > People::kMaxPassword)
    return fail(ErrorCode::invalid, "password: at most 1024 bytes", "weak_password");
  if (password == user_name || password.find_first_not_of(password[0]) == std::string::npos)
    return fail(ErrorCode::invalid, "password: too easy to guess", "weak_password");
  return {};
}

Result<UserRequest> read_user_request(const json::value& body) {
  ObjectReader reader(body, "");
  STRATUS_CHECK(reader.done());
  const json::object& object = body.get_object();
  UserRequest request;
  request.name = text_member(object, reader, "name", 64);
  request.display = text_member(object, reader, "display", 128);
  request.password = text_member(object, reader, "password", People::kMaxPassword);
  request.roles = words_member(object, reader, "roles");
  if (const json::value* const disabled = object.if_contains("disabled")) {
    if (!disabled->is_bool()) reader.reject("disabled", "is neither true nor false");
    request.disabled = disabled->is_bool() && disabled->get_bool();
  }
  for (const std::string& role : request.roles.value_or(std::vector<std::string>())) {
    if (!parse_role(role)) reader.reject("roles", "there is no role '" + role + "'");
  }
  STRATUS_CHECK(reader.done());
  return request;
}

Result<TokenRequest> read_token_request(const json::value& body) {
  ObjectReader reader(body, "");
  STRATUS_CHECK(reader.done());
  const json::object& object = body.get_object();
  TokenRequest request;
  request.name = reader.text("name", 64);
  request.scopes = words_member(object, reader, "scopes");
  if (object.contains("expires_in_s"))
    request.expires_in_s = static_cast<std::int64_t>(reader.number("expires_in_s"));
  STRATUS_CHECK(reader.done());
  if (request.name.empty() || request.name.find_first_of("\r\n/") != std::string::npos)
    return fail(ErrorCode::invalid, "name: is empty or has a line break or a slash", "bad_name");
  return request;
}

}  // namespace stratus::server
