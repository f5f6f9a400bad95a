#include "stratus/server/config.hpp"

#include <functional>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "stratus/base/file.hpp"

namespace stratus::server {
namespace {

using Setter = std::function<bool(const toml::node&)>;

template <class T>
Setter number(T& into, std::int64_t smallest = 1) {
  return [&into, smallest](const toml::node& node) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < smallest) return false;
    into = T(*value);
    return true;
  };
}

Setter text_in(std::string& into) {
  return [&into](const toml::node& node) {
    const auto value = node.value_exact<std::string>();
    if (value) into = *value;
    return value.has_value();
  };
}
Setter path_in(std::filesystem::path& into) {
  return [&into](const toml::node& node) {
    const auto value = node.value_exact<std::string>();
    if (value) into = *value;
    return value.has_value();
  };
}
Setter texts_in(std::vector<std::string>& into) {
  return [&into](const toml::node& node) {
    const toml::array* const array = node.as_array();
    if (array == nullptr || !array->is_homogeneous<std::string>()) return array != nullptr && array->empty();
    into.clear();
    for (const toml::node& one : *array) into.push_back(*one.value_exact<std::string>());
    return true;
  };
}

}  // namespace

Result<ServerConfig> read_config_file(const std::filesystem::path& path, ServerConfig config) {
  STRATUS_TRY(text, read_file(path, 1u << 20));
  toml::table table;
  try {
    table = toml::parse(text, path.string());
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid,
                fmt::format("{}:{}: {}", path.string(), error.source().begin.line, error.description()));
  }
  const std::map<std::string, Setter> known{
      {"listen",
       [&](const toml::node& node) {
         const auto value = node.value_exact<std::string>();
         if (value) config.listen = *value;
         return value.has_value();
       }},
      {"database",
       [&](const toml::node& node) {
         const auto value = node.value_exact<std::string>();
         if (value) config.database = *value;
         return value.has_value();
       }},
      {"plain_http",
       [&](const toml::node& node) {
         const auto value = node.value_exact<bool>();
         if (value) config.plain_http = *value;
         return value.has_value();
       }},
      {"anonymous_reads",
       [&](const toml::node& node) {
         const auto value = node.value_exact<bool>();
         if (value) config.anonymous_reads = *value;
         return value.has_value();
       }},
      {"trusted_proxies",
       [&](const toml::node& node) {
         const toml::array* const list = node.as_array();
         if (list == nullptr) return false;
         for (const toml::node& one : *list) {
           const auto value = one.value_exact<std::string>();
           if (!value) return false;
           config.trusted_proxies.push_back(*value);
         }
         return true;
       }},
      {"identity",
       [&](const toml::node& node) {
         const auto value = node.value_exact<std::string>();
         if (value != "optional" && value != "required") return false;
         config.identity.mode = value == "required" ? IdentityMode::required : IdentityMode::optional;
         return true;
       }},
      {"tls_names",
       [&](const toml::node& node) {
         const auto* const names = node.as_array();
         if (names == nullptr) return false;
         for (const auto& name : *names) {
           const auto value = name.value_exact<std::string>();
           if (!value) return false;
           config.identity.server_names.push_back(*value);
         }
         return true;
       }},
      {"certificate_lifetime_s", number(config.identity.certificate_lifetime)},
      {"certificate_renew_before_s", number(config.identity.renew_before)},
      {"certificate_grace_s", number(config.identity.grace, 0)},
      {"revocation_list_lifetime_s", number(config.identity.revocation_list_lifetime)},
      {"file_threads", number(config.file_threads)},
      {"delta_threads", number(config.delta_threads)},
      {"delta_queue", number(config.delta_queue)},
      {"delta_temporary_bytes", number(config.delta_temporary, 0)},
      {"deploy_wait_s", number(config.deploy_wait, 0)},
      {"garbage_grace_s", number(config.garbage_grace, 0)},
      {"upload_grace_s", number(config.upload_grace, 0)},
      {"stop_grace_s", number(config.stop_grace, 0)},
      {"approval_from_percent", number(config.approval_from_percent, 0)},
      {"samples_per_device", number(config.samples_per_device)},
      {"reports_per_device", number(config.reports_per_device)},
      {"devices", number(config.devices)},
      {"mqtt_listen", text_in(config.mqtt.listen)},
      {"mqtt_enrol_listen", text_in(config.mqtt.enrol_listen)},
      {"mqtt_names", texts_in(config.mqtt.names)},
      {"mqtt_broker", text_in(config.mqtt.broker_url)},
      {"mqtt_broker_ca", path_in(config.mqtt.broker_ca)},
      {"mqtt_broker_certificate", path_in(config.mqtt.broker_certificate)},
      {"mqtt_broker_key", path_in(config.mqtt.broker_key)},
      {"mqtt_gateways", texts_in(config.mqtt.gateways)},
      {"mqtt_commands_per_s", number(config.mqtt.commands_per_second)},
      {"mqtt_messages_per_s", number(config.mqtt.messages_per_second)},
      {"mqtt_message_burst", number(config.mqtt.message_burst)},
      {"influx_url", text_in(config.influx.url)},
      {"influx_ca", path_in(config.influx.ca_file)},
      {"influx_token_file", path_in(config.influx.token_file)},
      {"influx_queue_bytes", number(config.influx.queue_bytes)},
      {"keep_metrics_h", number(config.mqtt.keep_metrics)},
      {"keep_events_h", number(config.mqtt.keep_events)},
  };
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const auto found = known.find(name);
    if (found == known.end()) {
      return fail(ErrorCode::invalid, fmt::format("{}:{}: '{}' is not a setting of stratus-server",
                                                  path.string(), node.source().begin.line, name));
    }
    if (!found->second(node)) {
      return fail(ErrorCode::invalid, fmt::format("{}:{}: '{}' has a value of the wrong type or out of range",
                                                  path.string(), node.source().begin.line, name));
    }
  }
  return config;
}

}  // namespace stratus::server
