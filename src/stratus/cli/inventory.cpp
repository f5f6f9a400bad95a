#include "stratus/cli/inventory.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/cli/server_connection.hpp"

namespace stratus::cli {

namespace json = boost::json;

namespace {

std::string path_of(Noun noun) { return fmt::format("/api/v1/{}s", word_for(noun)); }
std::string path_of(Noun noun, const std::string& key) {
  return path_of(noun) + "/" + net::percent_encode(key);
}

Result<json::value> ask(ServerConnection& server, const std::string& method, const std::string& path,
                        const json::object* body = nullptr) {
  Request request;
  request.method = method;
  request.path = path;
  if (body != nullptr) {
    request.body = json::serialize(*body);
    request.content_type = "application/json";
  }
  STRATUS_TRY(answer, server.expect_success(request));
  if (answer.body.empty()) return json::value(nullptr);
  return parse_json(answer.body, kMaxAnswer);
}

// As one cell: a place by its code, tags as words.
std::string cell_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_null()) return "-";
  if (!value.is_object()) return json::serialize(value);
  if (const auto* const code = value.get_object().if_contains("code"); code != nullptr) return cell_of(*code);
  std::string text;
  for (const auto& member : value.get_object()) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", std::string_view(member.key()),
                        cell_of(member.value()));
  }
  return text;
}

std::string cell_of(const json::object& item, std::string_view column) {
  const auto* const found = item.if_contains(column);
  const std::string text = found == nullptr ? "" : cell_of(*found);
  return text.empty() ? "-" : text;
}

struct Column {
  std::string_view key, head;
};

std::vector<Column> columns_of(Noun noun) {
  switch (noun) {
    case Noun::filter:
      return {{"code", "CODE"}, {"name", "NAME"}, {"filter", "FILTER"}};
    case Noun::device:
      return {{"id", "DEVICE"},
              {"label", "LABEL"},
              {"region", "REGION"},
              {"group", "GROUP"},
              {"name", "IMAGE"},
              {"running_version", "RUNS"},
              {"target_version", "LAST UPDATE"},
              {"state", "STATE"},
              {"last_seen", "LAST SEEN"},
              {"reason", "REASON"}};
    default:
      return {{"code", "CODE"},
              {"name", "NAME"},
              {"devices", "DEVICES"},
              {"inactive", "INACTIVE"},
              {"tags", "TAGS"}};
  }
}

void print_table(const CommonOptions& common, const std::vector<Column>& columns, const json::array& items) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns) lines.front().emplace_back(column.head);
  for (const json::value& item : items) {
    auto& line = lines.emplace_back();
    for (const Column& column : columns) line.push_back(cell_of(item.get_object(), column.key));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += i + 1 == line.size() ? line[i] : fmt::format("{:<{}}", line[i], widths[i] + 2);
    }
    say(common, text);
  }
}

Result<json::value> value_of(const std::string& member, const std::string& text) {
  if (member == "active") return json::value(text == "yes");
  const bool number = member == "latitude" || member == "longitude";
  if (text == "-" && (number || member == "region" || member == "group")) return json::value(nullptr);
  if (!number) return json::value(text);
  double real = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), real);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return json::value(real);
  return fail(ErrorCode::invalid, fmt::format("--{} {}: not a number", member, text));
}

Result<json::object> body_of(const Settings& settings) {
  json::object body;
  for (const auto& [member, text] : settings.members) {
    STRATUS_TRY(value, value_of(member, text));
    body[member] = std::move(value);
  }
  if (settings.tags.empty()) return body;
  json::object tags;
  for (const std::string& tag : settings.tags) {
    const std::size_t sign = tag.find('=');
    if (tag == "-") continue;  // none at all
    if (sign == std::string::npos)
      return fail(ErrorCode::invalid, fmt::format("--tag {}: not KEY=VALUE", tag));
    tags[tag.substr(0, sign)] = tag.substr(sign + 1);
  }
  body["tags"] = std::move(tags);
  return body;
}

void print_one(const CommonOptions& common, const json::value& item) {
  if (item.is_object()) {
    for (const auto& member : item.get_object()) {
      say(common, fmt::format("{:<16} {}", std::string_view(member.key()), cell_of(member.value())));
    }
  }
  print_json(common, json::serialize(item));
}

}  // namespace

std::string_view word_for(Noun noun) {
  switch (noun) {
    case Noun::region:
      return "region";
    case Noun::group:
      return "group";
    case Noun::filter:
      return "filter";
    default:
      return "device";
  }
}

Result<void> list_inventory(Noun noun, const DeviceListOptions& options, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  const std::string many = fmt::format("{}s", word_for(noun));
  json::array items;
  std::string after;
  do {
    const std::uint64_t left = options.limit == 0 ? 1000 : options.limit - items.size();
    std::string path = fmt::format("{}?limit={}&after={}", path_of(noun), std::min<std::uint64_t>(left, 1000),
                                   net::percent_encode(after));
    if (!options.filter.empty()) path += "&filter=" + net::percent_encode(options.filter);
    if (!options.saved.empty()) path += "&saved=" + net::percent_encode(options.saved);
    if (!options.sort.empty()) path += "&sort=" + net::percent_encode(options.sort);
    STRATUS_TRY(page, ask(*server, "GET", path));
    ObjectReader reader(page, "");
    for (const json::value& item : reader.optional_array(many, 1000)) {
      if (!item.is_object()) return fail(ErrorCode::corrupt, many + ": not objects");
      items.push_back(item);
    }
    const std::string next = reader.optional_text("next", 1024);
    STRATUS_CHECK(reader.done());
    after = next == after ? "" : next;
  } while (!after.empty() && (options.limit == 0 || items.size() < options.limit));
  if (items.empty()) {
    const bool asked = !options.filter.empty() || !options.saved.empty();
    say(common, noun == Noun::device && !asked ? "No device has asked for anything yet."
                                               : fmt::format("No {} here.", word_for(noun)));
  } else {
    print_table(common, columns_of(noun), items);
  }
  print_json(common, json::serialize(json::object{{many, std::move(items)}}));
  return {};
}

Result<void> show_inventory(Noun noun, const std::string& key, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(item, ask(*server, "GET", path_of(noun, key)));
  print_one(common, item);
  return {};
}

Result<void> create_inventory(Noun noun, const Settings& settings, const CommonOptions& common) {
  STRATUS_TRY(body, body_of(settings));
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(item, ask(*server, "POST", path_of(noun), &body));
  print_one(common, item);
  return {};
}

Result<void> change_inventory(Noun noun, const std::string& key, const Settings& settings,
                              const CommonOptions& common) {
  STRATUS_TRY(body, body_of(settings));
  if (body.empty()) return fail(ErrorCode::invalid, "nothing to change: see --help for what can be set");
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(item, ask(*server, "PATCH", path_of(noun, key), &body));
  print_one(common, item);
  return {};
}

Result<void> remove_inventory(Noun noun, const std::string& key, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_CHECK(ask(*server, "DELETE", path_of(noun, key)));
  say(common, fmt::format("Removed {} {}", word_for(noun), key));
  print_json(common, json::serialize(json::object{{"removed", key}}));
  return {};
}

}  // namespace stratus::cli
