#include "stratus/cli/people.hpp"

#include <cstdio>
#include <iostream>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/json.hpp"
#include "stratus/cli/answer_members.hpp"
#include "stratus/cli/server_connection.hpp"

namespace stratus::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxPassword = 1024;

// Turns the echo of the terminal off as long as it lives.
class Silence {
 public:
  Silence() : active_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!active_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~Silence() {
    if (active_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool active_;
};

Result<std::string> ask(const std::string& what, bool secret) {
  if (::isatty(STDIN_FILENO) == 0)
    return fail(ErrorCode::invalid, what + ": nobody to ask; give it as an option or a file");
  fmt::print(stderr, "{}: ", what);
  std::string line;
  {
    std::optional<Silence> silence;
    if (secret) silence.emplace();
    std::getline(std::cin, line);
  }
  if (secret) fmt::print(stderr, "\n");
  if (line.empty()) return fail(ErrorCode::invalid, what + ": empty");
  return line;
}

// The first line of the file, of standard input for "-", or what is typed.
Result<std::string> read_password(const std::filesystem::path& file, const std::string& what) {
  if (file.empty()) return ask(what, true);
  std::string text;
  if (file == "-") {
    std::getline(std::cin, text);
  } else {
    STRATUS_TRY(read, read_file(file, kMaxPassword + 2).with_context("password"));
    text = read.substr(0, read.find('\n'));
  }
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return fail(ErrorCode::invalid, "the password is empty");
  return text;
}

Result<json::value> call(ServerConnection& server, std::string method, std::string path,
                         const json::object* body = nullptr) {
  Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.max_answer = kMaxAnswer;
  if (body != nullptr) {
    request.content_type = "application/json";
    request.body = json::serialize(*body);
  }
  STRATUS_TRY(answer, server.expect_success(request));
  if (answer.body.empty()) return json::value();
  return parse_json(answer.body, kMaxAnswer).with_context(request.path);
}

std::string words_of(const json::value& value, const char* key) {
  std::string words;
  const json::object* const object = value.if_object();
  const json::value* const found = object == nullptr ? nullptr : object->if_contains(key);
  if (found == nullptr || !found->is_array()) return words;
  for (const json::value& word : found->get_array()) {
    if (word.is_string()) words += (words.empty() ? "" : " ") + std::string(word.get_string().c_str());
  }
  return words;
}

// All items of a list of pages.
Result<json::array> fetch_all(ServerConnection& server, const std::string& path) {
  json::array items;
  std::string cursor;
  do {
    STRATUS_TRY(page, call(server, "GET", path + "limit=1000&cursor=" + cursor));
    const json::object* const object = page.if_object();
    const json::value* const found = object == nullptr ? nullptr : object->if_contains("items");
    if (found == nullptr || !found->is_array()) return fail(ErrorCode::corrupt, path + ": not a list");
    for (const json::value& item : found->get_array()) items.push_back(item);
    cursor = text_of(page, "next");
  } while (!cursor.empty());
  return items;
}

Result<std::string> find_user(ServerConnection& server, const std::string& name) {
  STRATUS_TRY(users, fetch_all(server, "/api/v1/users?"));
  for (const json::value& user : users) {
    if (text_of(user, "name") == name) return text_of(user, "id");
  }
  return fail(ErrorCode::not_found, "there is no user " + name);
}

json::array to_array(const std::vector<std::string>& words) {
  json::array array;
  for (const std::string& word : words) array.emplace_back(word);
  return array;
}

void show_user(const json::value& user) {
  fmt::print("{:<24} {:<28} {:<9} {}\n", text_of(user, "name"), words_of(user, "roles"),
             user.at("disabled").as_bool() ? "disabled" : "active", text_of(user, "display"));
}

}  // namespace

std::filesystem::path kept_token_file(const std::string& server) {
  const char* const config = std::getenv("XDG_CONFIG_HOME");
  const char* const home = std::getenv("HOME");
  std::filesystem::path base;
  if (config != nullptr && config[0] == '/') {
    base = config;
  } else if (home != nullptr && home[0] == '/') {
    base = std::filesystem::path(home) / ".config";
  } else {
    return {};
  }
  std::string name;
  for (const char c : server.substr(std::min(server.find("://") + 3, server.size()))) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (c != '/' || !name.empty()) name.push_back(plain ? c : '_');
  }
  while (name.ends_with('_')) name.pop_back();
  if (name.empty() || name.starts_with('.')) return {};
  return base / "stratus" / "tokens" / name;
}

Result<void> login(const LoginOptions& options, const CommonOptions& common) {
  const std::filesystem::path file = kept_token_file(common.server);
  CommonOptions without_token = common;
  without_token.token_file.clear();
  without_token.kept_token = false;
  STRATUS_TRY(server, ServerConnection::open(without_token));
  if (file.empty())
    return fail(ErrorCode::invalid, "neither HOME nor XDG_CONFIG_HOME says where to keep the token");
  std::string name = options.name;
  if (name.empty()) {
    STRATUS_TRY(asked, ask("Name", false));
    name = std::move(asked);
  }
  STRATUS_TRY(password, read_password(options.password_file, "Password"));
  Request sign_in;
  sign_in.method = "POST";
  sign_in.path = "/api/v1/session";
  sign_in.content_type = "application/json";
  sign_in.body = json::serialize(json::object{{"name", name}, {"password", password}});
  STRATUS_TRY(session, server->expect_success(sign_in));
  STRATUS_TRY(me, parse_json(session.body, kMaxAnswer));
  const std::string cookie(session.headers.get("Set-Cookie").value_or(""));
  const json::object& who = me.as_object();
  if (const json::value* const change = who.if_contains("must_change_password");
      change != nullptr && change->is_bool() && change->get_bool()) {
    return fail(ErrorCode::denied,
                "somebody else set this password: sign in with a browser, or say `stratus passwd`, to choose "
                "your own");
  }
  Request make;
  make.method = "POST";
  make.path = "/api/v1/tokens";
  make.content_type = "application/json";
  make.headers.set("Cookie", cookie.substr(0, cookie.find(';')));
  make.headers.set("X-CSRF-Token", text_of(me, "csrf"));
  char host[256] = "";
  (void)::gethostname(host, sizeof host - 1);
  make.body = json::serialize(json::object{{"name", fmt::format("login at {}", host).substr(0, 64)},
                                           {"expires_in_s", options.days * 86'400}});
  STRATUS_TRY(made, server->expect_success(make));
  STRATUS_TRY(token, parse_json(made.body, kMaxAnswer));
  Request leave;
  leave.method = "DELETE";
  leave.path = "/api/v1/session";
  leave.headers = make.headers;
  STRATUS_TRY(left, server->expect_success(leave));
  STRATUS_CHECK(make_directories(file.parent_path()));
  STRATUS_CHECK(write_file_atomically(file, text_of(token, "token") + "\n", 0600));
  say(common, fmt::format("signed in to {} as {} until {}", common.server, name, text_of(token, "expires")));
  print_json(common, json::serialize(json::object{{"name", name}, {"expires", text_of(token, "expires")}}));
  return {};
}

Result<void> change_own_password(const std::string& name, const std::filesystem::path& old_file,
                                 const std::filesystem::path& new_file, const CommonOptions& common) {
  CommonOptions without_token = common;
  without_token.token_file.clear();
  without_token.kept_token = false;
  STRATUS_TRY(server, ServerConnection::open(without_token));
  STRATUS_TRY(old, read_password(old_file, "Old password"));
  STRATUS_TRY(fresh, read_password(new_file, "New password"));
  Request sign_in;
  sign_in.method = "POST";
  sign_in.path = "/api/v1/session";
  sign_in.content_type = "application/json";
  sign_in.body = json::serialize(json::object{{"name", name}, {"password", old}});
  STRATUS_TRY(session, server->expect_success(sign_in));
  STRATUS_TRY(me, parse_json(session.body, kMaxAnswer));
  const std::string cookie(session.headers.get("Set-Cookie").value_or(""));
  Request change;
  change.method = "PUT";
  change.path = "/api/v1/me/password";
  change.content_type = "application/json";
  change.headers.set("Cookie", cookie.substr(0, cookie.find(';')));
  change.headers.set("X-CSRF-Token", text_of(me, "csrf"));
  change.body = json::serialize(json::object{{"old", old}, {"new", fresh}});
  STRATUS_TRY(changed, server->expect_success(change));
  Request leave;
  leave.method = "DELETE";
  leave.path = "/api/v1/session";
  leave.headers = change.headers;
  STRATUS_TRY(left, server->expect_success(leave));
  say(common, "the password was changed; sessions elsewhere have ended");
  return {};
}

Result<void> logout(const CommonOptions& common) {
  const std::filesystem::path file = kept_token_file(common.server);
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(me, call(*server, "GET", "/api/v1/me"));
  STRATUS_TRY(done, call(*server, "DELETE", "/api/v1/tokens/" + net::percent_encode(text_of(me, "id"))));
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  say(common, "signed out of " + common.server);
  return {};
}

Result<void> show_me(const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(me, call(*server, "GET", "/api/v1/me"));
  say(common, fmt::format("{} ({}): {}", text_of(me, "name"), text_of(me, "kind"), words_of(me, "scopes")));
  print_json(common, json::serialize(me));
  return {};
}

Result<void> create_token(const TokenOptions& options, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  json::object body{{"name", options.name}, {"expires_in_s", options.days * 86'400}};
  if (!options.scopes.empty()) body["scopes"] = to_array(options.scopes);
  STRATUS_TRY(made, call(*server, "POST", "/api/v1/tokens", &body));
  // The token alone on standard output: `stratus token create ci > ci.token`.
  if (!common.json) fmt::print("{}\n", text_of(made, "token"));
  if (!common.json && !common.quiet) {
    fmt::print(stderr, "token {} ({}) until {}; it is shown only now\n", text_of(made, "id"),
               words_of(made, "scopes"), text_of(made, "expires"));
  }
  print_json(common, json::serialize(made));
  return {};
}

Result<void> list_tokens(bool all, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(tokens, fetch_all(*server, all ? "/api/v1/tokens?all=1&" : "/api/v1/tokens?"));
  if (!common.json) {
    for (const json::value& token : tokens) {
      fmt::print("{}  {:<24} {}  {}\n", text_of(token, "id"), text_of(token, "name"),
                 text_of(token, "expires"), words_of(token, "scopes"));
    }
  }
  print_json(common, json::serialize(json::object{{"items", std::move(tokens)}}));
  return {};
}

Result<void> revoke_token(const std::string& id, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(done, call(*server, "DELETE", "/api/v1/tokens/" + net::percent_encode(id)));
  say(common, "revoked " + id);
  return {};
}

Result<void> list_users(const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(users, fetch_all(*server, "/api/v1/users?"));
  if (!common.json) {
    for (const json::value& user : users) show_user(user);
  }
  print_json(common, json::serialize(json::object{{"items", std::move(users)}}));
  return {};
}

Result<void> create_user(const UserOptions& options, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(password, read_password(options.password_file, "Password of " + options.name));
  json::object body{{"name", options.name}, {"password", password}, {"roles", to_array(options.roles)}};
  if (options.display) body["display"] = *options.display;
  STRATUS_TRY(made, call(*server, "POST", "/api/v1/users", &body));
  if (!common.json && !common.quiet) show_user(made);
  print_json(common, json::serialize(made));
  return {};
}

Result<void> change_user(const UserOptions& options, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(id, find_user(*server, options.name));
  json::object body;
  if (!options.roles.empty()) body["roles"] = to_array(options.roles);
  if (options.display) body["display"] = *options.display;
  if (options.disabled) body["disabled"] = *options.disabled;
  if (!options.password_file.empty()) {
    STRATUS_TRY(password, read_password(options.password_file, "Password"));
    body["password"] = password;
  }
  if (body.empty())
    return fail(ErrorCode::invalid, "say what to change: --role, --display, --password-file, …");
  STRATUS_TRY(changed, call(*server, "PATCH", "/api/v1/users/" + id, &body));
  if (!common.json && !common.quiet) show_user(changed);
  print_json(common, json::serialize(changed));
  return {};
}

Result<void> delete_user(const std::string& name, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(id, find_user(*server, name));
  STRATUS_TRY(done, call(*server, "DELETE", "/api/v1/users/" + id));
  say(common, "deleted " + name);
  return {};
}

}  // namespace stratus::cli
