#include "stratus/cli/identity_command.hpp"

#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/cli/server_connection.hpp"

namespace stratus::cli {
namespace {

namespace json = boost::json;
Result<json::value> ask(const CommonOptions& common, Request request) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(answer, server->expect_success(request));
  if (answer.body.empty()) return json::value(json::object());
  return parse_json(answer.body, kMaxAnswer).with_context(request.path);
}

Result<json::value> get(const CommonOptions& common, std::string path) {
  Request request;
  request.path = std::move(path);
  return ask(common, std::move(request));
}

// With --json the server's own words, else what `print` makes of them.
template <class Print>
Result<void> show(const CommonOptions& common, const json::value& value, Print print) {
  if (common.json) {
    fmt::print("{}\n", json::serialize(value));
    return {};
  }
  return print();
}

std::string text(const json::value& value, std::string_view key) {
  const json::value* const found = value.is_object() ? value.as_object().if_contains(key) : nullptr;
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

std::string or_dash(std::string value) { return value.empty() ? "-" : value; }

const json::array& list(const json::value& value, std::string_view key) {
  static const json::array kNone;
  const json::value* const found = value.is_object() ? value.as_object().if_contains(key) : nullptr;
  return found != nullptr && found->is_array() ? found->as_array() : kNone;
}

}  // namespace

Result<std::uint64_t> parse_ttl(const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  const std::uint64_t seconds = unit.empty() || unit == "s" ? 1
                                : unit == "m"               ? 60
                                : unit == "h"               ? 3600
                                : unit == "d"               ? 86400
                                                            : 0;
  if (error != std::errc() || seconds == 0 || value == 0 || value > 1'000'000) {
    return fail(ErrorCode::invalid, "'" + text + "' is no time: write it as 90s, 30m, 1h or 1d");
  }
  return value * seconds;
}

Result<void> make_registration_code(const CodeOptions& options, const CommonOptions& common) {
  STRATUS_TRY(ttl, parse_ttl(options.ttl));
  json::object wish{{"kind", options.kind}, {"ttl_s", ttl}, {"count", options.count}};
  if (!options.region.empty()) wish["region"] = options.region;
  if (!options.group.empty()) wish["group"] = options.group;
  if (!options.device.empty()) wish["device"] = options.device;
  if (!options.names.empty()) {
    json::array names;
    for (const std::string& name : options.names) names.emplace_back(name);
    wish["names"] = std::move(names);
  }
  Request request;
  request.method = "POST";
  request.path = "/api/v1/registration-codes";
  request.content_type = "application/json";
  request.body = json::serialize(wish);
  STRATUS_TRY(made, ask(common, std::move(request)));
  return show(common, made, [&]() -> Result<void> {
    for (const json::value& code : list(made, "codes"))
      fmt::print("{}  until {}\n", text(code, "code"), text(code, "expires_at"));
    return {};
  });
}

Result<void> list_registration_codes(bool all, const CommonOptions& common) {
  STRATUS_TRY(found, get(common, fmt::format("/api/v1/registration-codes?limit=1000&all={}", all ? 1 : 0)));
  return show(common, found, [&]() -> Result<void> {
    fmt::print("{:<26} {:<8} {:<16} {:<16} {:<24} {}\n", "ID", "KIND", "REGION", "GROUP", "EXPIRES",
               "USED BY");
    for (const json::value& code : list(found, "items")) {
      fmt::print("{:<26} {:<8} {:<16} {:<16} {:<24} {}\n", text(code, "id"), text(code, "kind"),
                 or_dash(text(code, "region")), or_dash(text(code, "group")), text(code, "expires_at"),
                 or_dash(text(code, "used_by")));
    }
    return {};
  });
}

Result<void> revoke_device(const std::string& device, const std::string& reason,
                           const CommonOptions& common) {
  Request request;
  request.method = "POST";
  request.path = "/api/v1/devices/" + net::percent_encode(device) + "/revoke";
  request.content_type = "application/json";
  request.body = json::serialize(json::object{{"reason", reason}});
  request.repeatable = true;
  STRATUS_TRY(done, ask(common, std::move(request)));
  if (!common.json && !common.quiet) fmt::print("{} is shut out\n", device);
  if (common.json) fmt::print("{}\n", json::serialize(json::object{{"device", device}, {"revoked", true}}));
  return {};
}

Result<void> list_certificates(const std::string& device, const CommonOptions& common) {
  STRATUS_TRY(found, get(common, "/api/v1/devices/" + net::percent_encode(device) + "/certificates"));
  return show(common, found, [&]() -> Result<void> {
    fmt::print("{:<32} {:<10} {:<24} {}\n", "SERIAL", "STATE", "UNTIL", "KEY");
    for (const json::value& one : list(found, "items")) {
      fmt::print("{:<32} {:<10} {:<24} {}\n", text(one, "serial"), text(one, "state"), text(one, "not_after"),
                 text(one, "key_id").substr(0, 16));
    }
    return {};
  });
}

Result<void> show_ca(bool pem, const CommonOptions& common) {
  STRATUS_TRY(found, get(common, "/api/v1/ca"));
  const json::value* const root = found.is_object() ? found.as_object().if_contains("root") : nullptr;
  if (root == nullptr) return fail(ErrorCode::corrupt, "the server's answer names no root");
  if (pem) {
    fmt::print("{}", text(*root, "pem"));
    return {};
  }
  return show(common, found, [&]() -> Result<void> {
    const json::object& all = found.as_object();
    const json::value* const key = all.if_contains("root_key_online");
    fmt::print("root          {}\n  fingerprint {}\n  until       {}\n", text(*root, "subject"),
               text(*root, "fingerprint"), text(*root, "not_after"));
    fmt::print("  key         {}\n", key != nullptr && key->is_bool() && key->as_bool()
                                         ? "on the server: move DATA/ca/root.key to a safe place"
                                         : "not on the server");
    if (const json::value* const below = all.if_contains("intermediate")) {
      fmt::print("intermediate  {}\n  until       {}\n", text(*below, "subject"), text(*below, "not_after"));
    }
    if (const json::value* const crl = all.if_contains("revocation_list")) {
      fmt::print("revocations   made {}, good until {}\n", text(*crl, "this_update"),
                 text(*crl, "next_update"));
    }
    fmt::print("identity      {}\n", text(found, "identity"));
    return {};
  });
}

}  // namespace stratus::cli
