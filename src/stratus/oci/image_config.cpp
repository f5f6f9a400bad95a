#include "stratus/oci/image_config.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/oci/manifest.hpp"

namespace stratus::oci {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxText = 64u << 10, kMaxItems = 4096;

// Go writers spell an absent list or object as null.
const json::value* find(const json::value& owner, std::string_view key) {
  const json::object* const object = owner.if_object();
  const json::value* const found = object != nullptr ? object->if_contains(key) : nullptr;
  return found == nullptr || found->is_null() ? nullptr : found;
}

Result<std::string> read_text(const json::value& owner, std::string_view key) {
  const json::value* const found = find(owner, key);
  if (found == nullptr) return std::string();
  const json::string* const text = found->if_string();
  if (text == nullptr || text->size() > kMaxText || text->find('\0') != json::string::npos) {
    return fail(ErrorCode::invalid, fmt::format("{}: not a plain string", key));
  }
  return std::string(text->data(), text->size());
}

Result<std::vector<std::string>> read_list(const json::value& owner, std::string_view key) {
  std::vector<std::string> out;
  const json::value* const found = find(owner, key);
  if (found == nullptr) return out;
  const auto bad = [&] { return fail(ErrorCode::invalid, fmt::format("{}: not a list of strings", key)); };
  const json::array* const list = found->if_array();
  if (list == nullptr || list->size() > kMaxItems) return bad();
  for (const json::value& item : *list) {
    const json::string* const text = item.if_string();
    if (text == nullptr || text->size() > kMaxText || text->find('\0') != json::string::npos) return bad();
    out.emplace_back(text->data(), text->size());
  }
  return out;
}

// {"name": {}} means a set of names.
Result<std::set<std::string>> read_set(const json::value& owner, std::string_view key) {
  std::set<std::string> out;
  const json::value* const found = find(owner, key);
  if (found == nullptr) return out;
  const json::object* const object = found->if_object();
  if (object == nullptr || object->size() > kMaxItems) {
    return fail(ErrorCode::invalid, fmt::format("{}: not an object", key));
  }
  for (const auto& member : *object) out.emplace(member.key());
  return out;
}

Result<std::map<std::string, std::string>> read_map(const json::value& owner, std::string_view key) {
  std::map<std::string, std::string> out;
  STRATUS_TRY(names, read_set(owner, key));
  for (const std::string& name : names) {
    STRATUS_TRY(value, read_text(*find(owner, key), name).with_context(key));
    out.emplace(name, std::move(value));
  }
  return out;
}

Result<std::uint64_t> read_number(const json::value& owner, std::string_view key) {
  const json::value* const found = find(owner, key);
  if (found == nullptr) return std::uint64_t{0};
  if (!found->is_int64() || found->get_int64() < 0) {
    return fail(ErrorCode::invalid, fmt::format("{}: not a whole number of 0 or more", key));
  }
  return static_cast<std::uint64_t>(found->get_int64());
}

Result<void> read_into(std::string& out, const json::value& owner, std::string_view key) {
  STRATUS_TRY(value, read_text(owner, key));
  out = std::move(value);
  return {};
}

Result<std::optional<HealthCheck>> read_health_check(const json::value& config) {
  const json::value* const found = find(config, "Healthcheck");
  if (found == nullptr) return std::optional<HealthCheck>();
  HealthCheck out;
  STRATUS_TRY(test, read_list(*found, "Test"));
  STRATUS_TRY(interval, read_number(*found, "Interval"));
  STRATUS_TRY(timeout, read_number(*found, "Timeout"));
  STRATUS_TRY(start_period, read_number(*found, "StartPeriod"));
  STRATUS_TRY(retries, read_number(*found, "Retries"));
  out.test = std::move(test);
  out.interval_ns = interval;
  out.timeout_ns = timeout;
  out.start_period_ns = start_period;
  out.retries = retries;
  return std::optional<HealthCheck>(std::move(out));
}

Result<void> read_execution(const json::value& config, ImageConfig& out) {
  STRATUS_CHECK(read_into(out.user, config, "User"));
  STRATUS_CHECK(read_into(out.working_dir, config, "WorkingDir"));
  STRATUS_CHECK(read_into(out.stop_signal, config, "StopSignal"));
  STRATUS_TRY(entrypoint, read_list(config, "Entrypoint"));
  STRATUS_TRY(cmd, read_list(config, "Cmd"));
  STRATUS_TRY(env, read_list(config, "Env"));
  STRATUS_TRY(ports, read_set(config, "ExposedPorts"));
  STRATUS_TRY(volumes, read_set(config, "Volumes"));
  STRATUS_TRY(labels, read_map(config, "Labels"));
  STRATUS_TRY(health_check, read_health_check(config));
  out.entrypoint = std::move(entrypoint);
  out.cmd = std::move(cmd);
  out.env = std::move(env);
  out.exposed_ports = std::move(ports);
  out.volumes = std::move(volumes);
  out.labels = std::move(labels);
  out.health_check = std::move(health_check);
  return {};
}

Result<void> read_rootfs(const json::value& whole, ImageConfig& out) {
  const json::value* const rootfs = find(whole, "rootfs");
  if (rootfs == nullptr) return fail(ErrorCode::invalid, "rootfs: missing");
  STRATUS_TRY(type, read_text(*rootfs, "type"));
  if (type != "layers") return fail(ErrorCode::invalid, "rootfs: its type is not 'layers'");
  STRATUS_TRY(diff_ids, read_list(*rootfs, "diff_ids"));
  if (diff_ids.size() > kMaxLayers) return fail(ErrorCode::invalid, "rootfs: too many layers");
  for (const std::string& text : diff_ids) {
    STRATUS_TRY(digest, Digest::parse(text).with_context("rootfs.diff_ids"));
    out.diff_ids.push_back(digest);
  }
  return {};
}

template <class Range>
json::array to_array(const Range& range) {
  json::array out;
  for (const std::string& item : range) out.emplace_back(item);
  return out;
}

json::object to_names(const std::set<std::string>& names) {
  json::object out;
  for (const std::string& name : names) out[name] = json::object();
  return out;
}

void put(json::object& out, std::string_view key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}

json::object write_health_check(const HealthCheck& check) {
  json::object out;
  out["Test"] = to_array(check.test);
  if (check.interval_ns != 0) out["Interval"] = check.interval_ns;
  if (check.timeout_ns != 0) out["Timeout"] = check.timeout_ns;
  if (check.start_period_ns != 0) out["StartPeriod"] = check.start_period_ns;
  if (check.retries != 0) out["Retries"] = check.retries;
  return out;
}

}  // namespace

std::vector<std::string> ImageConfig::command() const {
  std::vector<std::string> out = entrypoint;
  out.insert(out.end(), cmd.begin(), cmd.end());
  return out;
}

Result<ImageConfig> parse_image_config(std::string_view text) {
  STRATUS_TRY(whole, parse_json(text, kMaxConfig).with_context("image config"));
  if (!whole.is_object()) return fail(ErrorCode::invalid, "image config: not an object");
  ImageConfig out;
  const auto read = [&]() -> Result<void> {
    STRATUS_CHECK(read_into(out.architecture, whole, "architecture"));
    STRATUS_CHECK(read_into(out.os, whole, "os"));
    STRATUS_CHECK(read_into(out.variant, whole, "variant"));
    STRATUS_CHECK(read_into(out.created, whole, "created"));
    STRATUS_CHECK(read_into(out.author, whole, "author"));
    STRATUS_CHECK(read_rootfs(whole, out));
    const json::value* const config = find(whole, "config");
    if (config == nullptr) return {};
    if (!config->is_object()) return fail(ErrorCode::invalid, "config: not an object");
    return read_execution(*config, out).with_context("config");
  };
  STRATUS_CHECK(read().with_context("image config"));
  return out;
}

std::string encode_image_config(const ImageConfig& config) {
  json::object execution;
  put(execution, "User", config.user);
  if (!config.exposed_ports.empty()) execution["ExposedPorts"] = to_names(config.exposed_ports);
  if (!config.env.empty()) execution["Env"] = to_array(config.env);
  if (!config.entrypoint.empty()) execution["Entrypoint"] = to_array(config.entrypoint);
  if (!config.cmd.empty()) execution["Cmd"] = to_array(config.cmd);
  if (!config.volumes.empty()) execution["Volumes"] = to_names(config.volumes);
  put(execution, "WorkingDir", config.working_dir);
  put(execution, "StopSignal", config.stop_signal);
  if (!config.labels.empty()) {
    json::object labels;
    for (const auto& [key, value] : config.labels) labels[key] = value;
    execution["Labels"] = std::move(labels);
  }
  if (config.health_check) execution["Healthcheck"] = write_health_check(*config.health_check);

  json::object out;
  put(out, "created", config.created);
  put(out, "author", config.author);
  out["architecture"] = config.architecture;
  out["os"] = config.os;
  put(out, "variant", config.variant);
  out["config"] = std::move(execution);
  json::array diff_ids;
  for (const Digest& digest : config.diff_ids) diff_ids.emplace_back(digest.text());
  json::object rootfs;
  rootfs["type"] = "layers";
  rootfs["diff_ids"] = std::move(diff_ids);
  out["rootfs"] = std::move(rootfs);
  return json::serialize(out);
}

std::vector<std::size_t> distinct_layers(const std::vector<Digest>& diff_ids) {
  std::set<Digest> seen;
  std::vector<std::size_t> indices;
  for (std::size_t i = diff_ids.size(); i-- > 0;) {
    if (seen.insert(diff_ids[i]).second) indices.push_back(i);
  }
  std::reverse(indices.begin(), indices.end());
  return indices;
}

std::string_view this_architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#elif defined(__arm__)
  return "arm";
#elif defined(__riscv)
  return "riscv64";
#elif defined(__i386__)
  return "386";
#else
  return "unknown";
#endif
}

}  // namespace stratus::oci
