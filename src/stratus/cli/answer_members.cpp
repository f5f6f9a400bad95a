#include "stratus/cli/answer_members.hpp"

#include <boost/json.hpp>

#include "stratus/base/json.hpp"

namespace stratus::cli {

namespace json = boost::json;

const json::value& member(const json::value& value, std::string_view key) {
  static const json::value nothing = nullptr;
  const json::value* const found = value.is_object() ? value.get_object().if_contains(key) : nullptr;
  return found == nullptr ? nothing : *found;
}

std::string text_of(const json::value& value, std::string_view key) {
  const json::value& found = member(value, key);
  return found.is_string() ? std::string(found.get_string()) : std::string();
}

std::uint64_t number_of(const json::value& value, std::string_view key) {
  const json::value& found = member(value, key);
  if (found.is_uint64()) return found.get_uint64();
  return found.is_int64() && found.get_int64() > 0 ? static_cast<std::uint64_t>(found.get_int64()) : 0;
}

bool is_set(const json::value& value, std::string_view key) {
  const json::value& found = member(value, key);
  return found.is_bool() && found.get_bool();
}

const json::array& items_of(const json::value& value, std::string_view key) {
  static const json::array none;
  const json::value& found = member(value, key);
  return found.is_array() ? found.get_array() : none;
}

Result<json::value> fetch(ServerConnection& server, const std::string& path) {
  Request request;
  request.path = path;
  STRATUS_TRY(answer, server.expect_success(request));
  return parse_json(answer.body, kMaxAnswer).with_context(path);
}

}  // namespace stratus::cli
