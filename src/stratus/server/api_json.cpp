#include "stratus/server/api_json.hpp"

#include <map>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace stratus::server {

namespace json = boost::json;

namespace {

// The stored text itself when it is JSON, as everything is that was taken in; else as a JSON string.
std::string stored_json(const std::string& text) {
  json::error_code error;
  (void)json::parse(text, error);
  return error ? json::serialize(json::value(text)) : text;
}

// {"<list>":[{"received_ms":N,"<item>":<stored>},…],"next":…}
template <class Item>
std::string encode_history(std::string_view list, std::string_view name, const std::vector<Item>& items,
                           const std::string& next) {
  std::string text = fmt::format(R"({{"{}":[)", list);
  for (const Item& item : items) {
    if (&item != &items.front()) text += ',';
    text += fmt::format(R"({{"received_ms":{},"{}":)", item.received_ms, name);
    text += stored_json(item.body);
    text += '}';
  }
  text += ']';
  if (!next.empty()) text += fmt::format(R"(,"next":{})", json::serialize(json::value(next)));
  return text + "}";
}

json::object describe(const std::string& name, const std::vector<const db::Release*>& releases,
                      const db::Target* target) {
  json::array versions;
  for (const db::Release* const release : releases) {
    versions.push_back(json::object{
        {"version", release->version}, {"digest", release->digest}, {"created_ms", release->created_ms}});
  }
  json::object object{{"name", name}, {"versions", std::move(versions)}};
  if (target != nullptr) {
    object["target"] = json::object{
        {"version", target->version}, {"digest", target->digest}, {"changed_ms", target->changed_ms}};
  }
  return object;
}

}  // namespace

std::string encode_reports(const std::vector<db::Report>& reports, const std::string& next) {
  return encode_history("reports", "report", reports, next);
}

std::string encode_samples(const std::vector<db::Sample>& samples, const std::string& next) {
  return encode_history("samples", "data", samples, next);
}

std::string encode_release(const std::string& name, const std::vector<db::Release>& releases,
                           const db::Target* target) {
  std::vector<const db::Release*> pointers;
  for (const db::Release& release : releases) pointers.push_back(&release);
  return json::serialize(describe(name, pointers, target));
}

std::string encode_releases(const std::vector<db::Release>& releases,
                            const std::vector<db::Target>& targets) {
  std::map<std::string, std::vector<const db::Release*>> by_name;
  for (const db::Release& release : releases) by_name[release.name].push_back(&release);
  json::array items;
  for (const auto& [name, versions] : by_name) {
    const db::Target* target = nullptr;
    for (const db::Target& candidate : targets) {
      if (candidate.name == name) target = &candidate;
    }
    items.push_back(describe(name, versions, target));
  }
  return json::serialize(json::object{{"releases", std::move(items)}});
}

std::string encode_operation(const db::Operation& operation) {
  json::object object{{"id", operation.id},       {"kind", operation.kind},
                      {"name", operation.name},   {"version", operation.version},
                      {"state", operation.state}, {"done", operation.done},
                      {"total", operation.total}, {"created_ms", operation.created_ms}};
  if (!operation.detail.empty()) object["detail"] = operation.detail;
  if (operation.finished_ms != 0) object["finished_ms"] = operation.finished_ms;
  return json::serialize(object);
}

std::string encode_garbage(const store::GarbageReport& report, bool dry_run) {
  return json::serialize(json::object{{"dry_run", dry_run},
                                      {"manifests", report.manifests},
                                      {"blobs", report.blobs},
                                      {"bytes", report.bytes},
                                      {"uploads", report.uploads}});
}

}  // namespace stratus::server
