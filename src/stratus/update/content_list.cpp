#include "stratus/update/content_list.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"

namespace stratus::update {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxExtension = 8;

Result<ListedFile> parse_file(const json::value& value) {
  ObjectReader reader(value, "file");
  ListedFile file;
  file.role = reader.text("role", 32);
  file.name = reader.text("name", 255);
  file.digest = reader.digest("digest");
  file.size = reader.number("size");
  file.path = reader.text("path", 128);
  // Nobody else writes the index; but a path out of the directory would be read, and one day removed.
  if (file.path != content_path(file.digest, file.name)) reader.reject("path", "not the one of this file");
  STRATUS_CHECK(reader.done());
  return file;
}

}  // namespace

std::string content_path(const Digest& digest, std::string_view name) {
  std::string path = "files/" + digest.hex();
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return path;
  const std::string_view extension = name.substr(dot + 1);
  if (extension.empty() || extension.size() > kMaxExtension) return path;
  for (const char c : extension) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) return path;
  }
  path += '.';
  for (const char c : extension) path += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return path;
}

std::vector<std::string> ContentList::ids() const {
  std::vector<std::string> ids;
  for (const ListedItem& item : items) ids.push_back(item.id);
  return ids;
}

std::vector<wire::ShownContent> ContentList::shown() const {
  std::vector<wire::ShownContent> shown;
  for (const ListedItem& item : items) shown.push_back({item.id, item.manifest});
  return shown;
}

ContentList list_of(const wire::ContentOrder& order, std::uint64_t now_ms) {
  ContentList list;
  list.command = order.command;
  list.changed_ms = now_ms;
  for (const wire::ContentItem& item : order.items) {
    ListedItem listed{item.id, item.title, item.manifest, {}};
    for (const wire::ContentFile& file : item.files)
      listed.files.push_back(
          {file.role, content_path(file.digest, file.name), file.name, file.digest, file.size});
    list.items.push_back(std::move(listed));
  }
  return list;
}

std::string encode_index(const ContentList& list) {
  json::array items;
  for (const ListedItem& item : list.items) {
    json::array files;
    for (const ListedFile& file : item.files) {
      files.push_back(json::object{{"role", file.role},
                                   {"path", file.path},
                                   {"name", file.name},
                                   {"digest", file.digest.text()},
                                   {"size", file.size}});
    }
    items.push_back(json::object{{"id", item.id},
                                 {"title", item.title},
                                 {"manifest", item.manifest.text()},
                                 {"files", std::move(files)}});
  }
  return json::serialize(json::object{{"version", 1},
                                      {"command", list.command},
                                      {"changed_ms", list.changed_ms},
                                      {"items", std::move(items)}}) +
         "\n";
}

Result<ContentList> parse_index(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, ContentList::kMaxEncoded));
  ObjectReader reader(value, "index");
  ContentList list;
  list.command = reader.optional_text("command", 64);
  list.changed_ms = reader.optional_number("changed_ms", 0);
  for (const json::value& element : reader.optional_array("items", wire::ContentOrder::kMaxItems)) {
    ObjectReader one(element, "item");
    ListedItem item;
    item.id = one.text("id", 64);
    item.title = one.optional_text("title", 255);
    item.manifest = one.digest("manifest");
    for (const json::value& inner : one.optional_array("files", wire::ContentOrder::kMaxFiles)) {
      STRATUS_TRY(file, parse_file(inner));
      item.files.push_back(std::move(file));
    }
    STRATUS_CHECK(one.done());
    list.items.push_back(std::move(item));
  }
  STRATUS_CHECK(reader.done());
  return list;
}

ContentPlan plan_contents(const ContentList& wanted, const std::function<bool(const ListedFile&)>& has,
                          const std::function<std::uint64_t(const ListedFile&)>& partial) {
  ContentPlan plan;
  for (const ListedItem& item : wanted.items) {
    for (const ListedFile& file : item.files) {
      const auto same = [&](const ListedFile& other) { return other.path == file.path; };
      if (has(file) || std::any_of(plan.fetch.begin(), plan.fetch.end(), same)) continue;
      plan.fetch.push_back(file);
      plan.bytes += file.size;
      plan.bytes_to_get += file.size - std::min(file.size, partial(file));
    }
  }
  return plan;
}

Result<void> check_room(const ContentList& wanted, const ContentPlan& plan, std::uint64_t limit,
                        std::uint64_t free_disk, std::uint64_t reserve) {
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 50;  // of a file; sums stay far from overflowing
  std::uint64_t all = 0;
  for (const ListedItem& item : wanted.items) {
    for (const ListedFile& file : item.files) {
      if (file.size > kLargest) return fail(ErrorCode::no_space, "a file of " + item.id + " is too large");
      all += file.size;
    }
  }
  if (limit > 0 && all > limit)
    return fail(ErrorCode::no_space, fmt::format("the contents take {} bytes, {} are allowed", all, limit));
  if (plan.bytes_to_get > 0 && plan.bytes_to_get + reserve > free_disk) {
    return fail(ErrorCode::no_space, fmt::format("{} bytes are needed and {} are to stay free, {} are free",
                                                 plan.bytes_to_get, reserve, free_disk));
  }
  return {};
}

}  // namespace stratus::update
