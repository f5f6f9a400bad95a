#include "stratus/cli/fleet_view.hpp"

#include <functional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/bytes.hpp"
#include "stratus/base/json.hpp"
#include "stratus/cli/answer_members.hpp"
#include "stratus/cli/server_connection.hpp"

namespace stratus::cli {
namespace {

namespace json = boost::json;

// All pages of a list; what stands beside the items is the first page's.
Result<json::value> get_all(ServerConnection& server, const std::string& path, std::string query) {
  STRATUS_TRY(whole, fetch(server, path + "?limit=1000" + query));
  for (std::string next = text_of(whole, "next"); !next.empty();) {
    STRATUS_TRY(page, fetch(server, fmt::format("{}?limit=1000{}&cursor={}", path, query,
                                                net::percent_encode(next))));
    for (const json::value& item : items_of(page, "items")) whole.at("items").as_array().push_back(item);
    next = text_of(page, "next");
  }
  whole.as_object().erase("next");
  return whole;
}

Result<std::pair<std::string, std::string>> split_reference(const std::string& reference) {
  const std::size_t colon = reference.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == reference.size())
    return fail(ErrorCode::invalid, "'" + reference + "' is not NAME:VERSION");
  return std::pair(reference.substr(0, colon), reference.substr(colon + 1));
}

std::string image_path(const std::string& name) { return "/api/v1/images/" + net::percent_encode(name); }

void say_counts(const CommonOptions& common, std::string_view title, const json::value& counts) {
  std::string line;
  for (const auto& [word, count] : counts.is_object() ? counts.get_object() : json::object()) {
    if (!count.is_int64() || count.get_int64() == 0) continue;
    line += fmt::format("  {} {}", count.get_int64(), std::string_view(word));
  }
  say(common, fmt::format("{:<12}{}", title, line.empty() ? "  none" : line));
}

// "+ 1.2 MB  /usr/bin/app"
std::string file_line(const json::value& file) {
  const std::string change = text_of(file, "change"), kind = text_of(file, "kind");
  const char mark = change == "added"     ? '+'
                    : change == "removed" ? '-'
                    : change == "changed" ? '~'
                    : change == "opaque"  ? '!'
                                          : ' ';
  std::string size = kind == "file" ? human_bytes(number_of(file, "size")) : kind;
  if (change == "removed") size = human_bytes(number_of(file, "size_before"));
  std::string line = fmt::format("{} {:>10}  {}", mark, size, text_of(file, "path"));
  if (const std::string target = text_of(file, "target"); !target.empty()) line += " -> " + target;
  return line;
}

}  // namespace

Result<void> show_overview(const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(found, fetch(*server, "/api/v1/overview"));
  const json::value& devices = member(found, "devices");
  say(common, fmt::format("{:<12}  {} active, {} inactive", "Devices", number_of(devices, "active"),
                          number_of(devices, "inactive")));
  say_counts(common, "Health", member(devices, "health"));
  say_counts(common, "Compliance", member(devices, "compliance"));
  say_counts(common, "Rollouts", member(member(found, "rollouts"), "counts"));
  const json::value& gateways = member(found, "gateways");
  say(common, fmt::format("{:<12}  {} of {} online", "Gateways", number_of(gateways, "online"),
                          number_of(gateways, "total")));
  const json::value& bytes = member(found, "bytes");
  const auto in_vain = number_of(bytes, "moved_in_vain");
  say(common,
      fmt::format("{:<12}  {} moved for {}; whole images: {}{}", "Bytes",
                  human_bytes(number_of(bytes, "moved") - in_vain),
                  count_of(number_of(bytes, "updates"), "update"),
                  human_bytes(number_of(bytes, "full_images")),
                  in_vain == 0 ? "" : fmt::format("; {} by updates that failed", human_bytes(in_vain))));
  for (const json::value& one : items_of(found, "releases")) {
    say(common, fmt::format("  {:>8}  {}:{}{}", number_of(one, "devices"), text_of(one, "name"),
                            text_of(one, "version").empty() ? "?" : text_of(one, "version"),
                            is_set(one, "is_target") ? "  (target)" : ""));
  }
  for (const json::value& alert : items_of(found, "alerts")) {
    say(common, fmt::format("{:<8} {} ({}): {}", text_of(alert, "severity"), text_of(alert, "code"),
                            number_of(alert, "count"), text_of(alert, "detail")));
  }
  print_json(common, json::serialize(found));
  return {};
}

Result<void> list_gateways(const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(found, get_all(*server, "/api/v1/gateways", ""));
  if (items_of(found, "items").empty()) say(common, "No gateway has told about itself yet.");
  if (!items_of(found, "items").empty())
    say(common, fmt::format("{:<24} {:<8} {:>8} {:>6} {:>10} {:>10} {:>10}  LAST SEEN", "GATEWAY", "STATE",
                            "DEVICES", "HITS", "RECEIVED", "SENT", "CACHE"));
  for (const json::value& one : items_of(found, "items")) {
    const json::value& blobs = member(one, "blobs");
    const json::value& bytes = member(one, "bytes");
    const std::string hits =
        member(blobs, "hit_percent").is_null() ? "-" : fmt::format("{} %", number_of(blobs, "hit_percent"));
    say(common,
        fmt::format("{:<24} {:<8} {:>8} {:>6} {:>10} {:>10} {:>10}  {}", text_of(one, "id"),
                    is_set(one, "online") ? "online" : "away", number_of(one, "devices"), hits,
                    human_bytes(number_of(bytes, "received")), human_bytes(number_of(bytes, "sent")),
                    human_bytes(number_of(member(one, "cache"), "bytes")), text_of(one, "last_seen")));
  }
  print_json(common, json::serialize(found));
  return {};
}

Result<void> explain_device(const std::string& device, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(found, fetch(*server, "/api/v1/devices/" + net::percent_encode(device) + "/why"));
  for (const json::value& step : items_of(found, "steps"))
    say(common, fmt::format("{} {:<16} {}", is_set(step, "ok") ? "yes" : "NO ", text_of(step, "code"),
                            text_of(step, "detail")));
  const std::string answer = text_of(found, "answer");
  say(common, is_set(found, "updated") ? device + " runs what is wanted of it."
                                       : fmt::format("{} is not updated: {}.", device, answer));
  print_json(common, json::serialize(found));
  return {};
}

Result<void> list_images(const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(found, get_all(*server, "/api/v1/images", ""));
  say(common, fmt::format("{:<32} {:>8} {:<16} {:>8} {:>10} {:>10}", "IMAGE", "VERSIONS", "TARGET", "DEVICES",
                          "STORED", "UNSHARED"));
  for (const json::value& one : items_of(found, "items")) {
    const std::string target = text_of(member(one, "target"), "version");
    say(common,
        fmt::format("{:<32} {:>8} {:<16} {:>8} {:>10} {:>10}", text_of(one, "name"),
                    number_of(one, "versions"), target.empty() ? "-" : target, number_of(one, "devices"),
                    human_bytes(number_of(one, "stored_bytes")), human_bytes(number_of(one, "full_bytes"))));
  }
  print_json(common, json::serialize(found));
  return {};
}

Result<void> list_layers(const std::string& reference, const CommonOptions& common) {
  STRATUS_TRY(parts, split_reference(reference));
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(found, fetch(*server, fmt::format("{}/versions/{}/layers", image_path(parts.first),
                                                net::percent_encode(parts.second))));
  for (const json::value& layer : items_of(found, "items")) {
    std::string shared;
    for (const json::value& version : items_of(layer, "shared_with"))
      shared += fmt::format("{}{}", shared.empty() ? "" : ", ", std::string_view(version.as_string()));
    say(common,
        fmt::format("{}  {:>10}  on {}{}", text_of(layer, "digest"), human_bytes(number_of(layer, "bytes")),
                    count_of(number_of(layer, "devices"), "device"),
                    shared.empty() ? "" : "  shared with " + shared));
  }
  print_json(common, json::serialize(found));
  return {};
}

Result<void> list_layer_files(const std::string& reference, const std::string& layer,
                              const CommonOptions& common) {
  STRATUS_TRY(parts, split_reference(reference));
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(found, get_all(*server,
                             fmt::format("{}/versions/{}/layers/{}/files", image_path(parts.first),
                                         net::percent_encode(parts.second), net::percent_encode(layer)),
                             ""));
  for (const json::value& file : items_of(found, "items")) say(common, file_line(file));
  print_json(common, json::serialize(found));
  return {};
}

Result<void> compare_images(const ImageDiffOptions& options, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  std::string query =
      fmt::format("&from={}&to={}", net::percent_encode(options.from), net::percent_encode(options.to));
  if (!options.change.empty()) query += "&change=" + net::percent_encode(options.change);
  if (!options.under.empty()) query += "&under=" + net::percent_encode(options.under);
  STRATUS_TRY(found, get_all(*server, image_path(options.name) + "/diff", query));
  const json::value& layers = member(found, "layer_bytes");
  say(common,
      fmt::format("Layers: {} shared, {} new, {} no longer there", human_bytes(number_of(layers, "shared")),
                  human_bytes(number_of(layers, "added")), human_bytes(number_of(layers, "removed"))));
  for (const json::value& file : items_of(found, "items")) say(common, file_line(file));
  print_json(common, json::serialize(found));
  return {};
}

}  // namespace stratus::cli
