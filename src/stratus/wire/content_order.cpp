#include "stratus/wire/content_order.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/wire/signature_json.hpp"

namespace stratus::wire {

namespace json = boost::json;

namespace {

// "/api/…": a path of the server that was asked, never another host ("//host/…", "http:…").
bool is_link(std::string_view link) {
  if (link.size() < 2 || link[0] != '/' || link[1] == '/') return false;
  return std::all_of(link.begin(), link.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
}

Result<ContentFile> parse_file(const json::value& value, const std::string& path) {
  ObjectReader reader(value, path);
  ContentFile file;
  file.role = reader.text("role", 32);
  file.name = reader.text("name", 255);
  file.digest = reader.digest("digest");
  file.size = reader.number("size");
  file.link = reader.text("link", 2048);
  if (!is_content_id(file.role)) reader.reject("role", "not a word");
  if (!is_link(file.link)) reader.reject("link", "not a path of this server");
  STRATUS_CHECK(reader.done());
  return file;
}

Result<ContentItem> parse_item(const json::value& value, const std::string& path) {
  ObjectReader reader(value, path);
  ContentItem item;
  item.id = reader.text("id", 64);
  item.title = reader.optional_text("title", 255);
  item.manifest = reader.digest("manifest");
  if (!is_content_id(item.id)) reader.reject("id", "not an id");
  std::size_t index = 0;
  for (const json::value& element : reader.optional_array("files", ContentOrder::kMaxFiles)) {
    STRATUS_TRY(file, parse_file(element, path + ".files[" + std::to_string(index++) + "]"));
    const auto same = [&](const ContentFile& other) { return other.role == file.role; };
    if (std::any_of(item.files.begin(), item.files.end(), same)) reader.reject("files", "a role twice");
    item.files.push_back(std::move(file));
  }
  if (item.files.empty()) reader.reject("files", "there are none");
  item.manifest_text = reader.optional_text("manifest_text", ContentOrder::kMaxManifest);
  STRATUS_CHECK(reader.done());
  STRATUS_TRY(signatures, parse_signatures(value, path));
  item.signatures = std::move(signatures);
  return item;
}

}  // namespace

bool is_content_id(std::string_view id) {
  if (id.empty() || id.size() > 64) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string encode_content_order(const ContentOrder& order) {
  json::array items;
  for (const ContentItem& item : order.items) {
    json::array files;
    for (const ContentFile& file : item.files) {
      files.push_back(json::object{{"role", file.role},
                                   {"name", file.name},
                                   {"digest", file.digest.text()},
                                   {"size", file.size},
                                   {"link", file.link}});
    }
    json::object entry{{"id", item.id},
                       {"title", item.title},
                       {"manifest", item.manifest.text()},
                       {"files", std::move(files)}};
    if (!item.manifest_text.empty()) entry["manifest_text"] = item.manifest_text;
    add_signatures(entry, item.signatures);
    items.push_back(std::move(entry));
  }
  json::object message{{"items", std::move(items)}};
  if (!order.command.empty()) message["command"] = order.command;
  if (!order.about.empty()) message["about"] = order.about.text();
  if (order.expires_ms != 0) message["expires_ms"] = order.expires_ms;
  return json::serialize(message);
}

Result<ContentOrder> parse_content_order(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, ContentOrder::kMaxEncoded));
  ObjectReader reader(value, "");
  ContentOrder order;
  order.command = reader.optional_text("command", 64);
  order.about = reader.optional_digest("about");
  order.expires_ms = reader.optional_number("expires_ms", 0);
  std::size_t index = 0;
  for (const json::value& element : reader.optional_array("items", ContentOrder::kMaxItems)) {
    STRATUS_TRY(item, parse_item(element, "items[" + std::to_string(index++) + "]"));
    const auto same = [&](const ContentItem& other) { return other.id == item.id; };
    if (std::any_of(order.items.begin(), order.items.end(), same)) reader.reject("items", "an id twice");
    order.items.push_back(std::move(item));
  }
  STRATUS_CHECK(reader.done());
  return order;
}

}  // namespace stratus::wire
