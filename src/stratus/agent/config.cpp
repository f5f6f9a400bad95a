#include "stratus/agent/config.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <toml++/toml.h>

#include "stratus/base/file.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::agent {
namespace {

using namespace std::chrono_literals;

constexpr double kLongestSeconds = 10.0 * 366 * 86'400;

// Reads the keys of one table; what nobody asked for is a typing error of the user's and said.
class TableReader {
 public:
  TableReader(const toml::table* table, std::string name) : table_(table), name_(std::move(name)) {}

  template <class T, class Parse>
  void read(std::string_view key, T& out, Parse parse) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    std::optional<T> value = parse(*node);
    if (!value) return wrong(key);
    out = std::move(*value);
  }
  void text(std::string_view key, std::string& out) {
    read(key, out, [](const toml::node& node) { return node.value<std::string>(); });
  }
  void flag(std::string_view key, bool& out) {
    read(key, out, [](const toml::node& node) { return node.value_exact<bool>(); });
  }
  void number(std::string_view key, std::uint64_t& out) {
    read(key, out, [](const toml::node& node) -> std::optional<std::uint64_t> {
      if (const auto text = node.value_exact<std::string>()) return parse_bytes(*text);
      const auto value = node.value_exact<std::int64_t>();
      if (!value || *value < 0) return std::nullopt;
      return static_cast<std::uint64_t>(*value);
    });
  }
  void duration(std::string_view key, std::chrono::milliseconds& out) {
    read(key, out, [](const toml::node& node) -> std::optional<std::chrono::milliseconds> {
      if (const auto text = node.value_exact<std::string>()) return parse_duration(*text);
      const auto seconds = node.value<double>();
      if (!seconds || !(*seconds >= 0 && *seconds <= kLongestSeconds)) return std::nullopt;  // NaN is neither
      return std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1000));
    });
  }
  void texts(std::string_view key, std::vector<std::string>& out) {
    read(key, out, [](const toml::node& node) -> std::optional<std::vector<std::string>> {
      std::vector<std::string> values;
      if (const auto one = node.value_exact<std::string>()) return std::vector<std::string>{*one};
      const toml::array* const array = node.as_array();
      if (array == nullptr) return std::nullopt;
      for (const toml::node& element : *array) {
        const auto value = element.value_exact<std::string>();
        if (!value) return std::nullopt;
        values.push_back(*value);
      }
      return values;
    });
  }
  TableReader table(std::string_view key) {
    const toml::node* const node = find(key);
    if (node != nullptr && !node->is_table()) wrong(key);
    return {node != nullptr ? node->as_table() : nullptr, std::string(key)};
  }
  bool present() const { return table_ != nullptr; }
  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    if (table_ == nullptr) return keys;
    for (const auto& [key, value] : *table_) keys.emplace_back(key.str());
    return keys;
  }

  void wrong(std::string_view key) {
    if (problem_.empty()) problem_ = fmt::format("{}: not a value that this key takes", path(key));
  }
  Result<void> done() const {
    if (!problem_.empty()) return fail(ErrorCode::invalid, problem_);
    if (table_ == nullptr) return {};
    for (const auto& [key, value] : *table_) {
      if (!known_.contains(key.str())) {
        return fail(ErrorCode::invalid,
                    fmt::format("{}: no such key; docs/operations/agent.md lists them", path(key.str())));
      }
    }
    return {};
  }

 private:
  std::string path(std::string_view key) const {
    return name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
  }
  const toml::node* find(std::string_view key) {
    known_.emplace(key);
    return table_ != nullptr ? table_->get(key) : nullptr;
  }

  const toml::table* table_;
  std::string name_;
  std::set<std::string, std::less<>> known_;
  std::string problem_;
};

Result<void> read_volumes(TableReader& service, AgentConfig& config) {
  std::vector<std::string> volumes;
  service.texts("volumes", volumes);
  for (const std::string& text : volumes) {
    const std::size_t first = text.find(':');
    const std::size_t second = text.find(':', first + 1);
    const std::string mode = second == std::string::npos ? "" : text.substr(second + 1);
    if (first == std::string::npos || (!mode.empty() && mode != "ro" && mode != "rw")) {
      return fail(ErrorCode::invalid,
                  fmt::format("service.volumes: '{}' is not /host/path:/path[:ro]", text));
    }
    config.volumes.push_back(
        {text.substr(0, first), text.substr(first + 1, second - first - 1), mode == "ro"});
  }
  return {};
}

std::optional<SwapOrder> parse_order(std::string_view text) {
  if (text == "stop-first") return SwapOrder::stop_first;
  if (text == "start-first") return SwapOrder::start_first;
  return std::nullopt;
}

Result<void> read_update(TableReader update, AgentConfig& config) {
  std::string order;
  update.text("order", order);
  if (!order.empty()) {
    config.order = parse_order(order);
    if (!config.order) update.wrong("order");
  }
  std::chrono::milliseconds probation{-1};
  update.duration("probation", probation);
  if (probation > kMaxProbation) update.wrong("probation");
  if (probation.count() >= 0) config.probation = probation;
  update.flag("deltas", config.deltas);
  update.number("byte_budget", config.byte_budget);
  update.number("disk_reserve", config.disk_reserve);
  update.number("memory", config.memory);
  return update.done();
}

Result<void> read_service(TableReader service, AgentConfig& config) {
  service.texts("args", config.args);
  service.texts("env", config.env);
  service.texts("listen", config.listen);
  service.number("memory", config.limits.memory_bytes);
  service.number("pids", config.limits.pids);
  service.number("open_files", config.limits.open_files);
  service.flag("user_namespace", config.user_namespace);
  service.flag("read_only", config.read_only);
  service.number("writable_limit", config.writable_limit);
  service.flag("writable_in_memory", config.writable_in_memory);
  service.text("host_name", config.host_name);
  service.duration("stop_grace", config.stop_grace);
  std::uint64_t exits = config.crashes.exits;
  service.number("crash_exits", exits);
  if (exits > 1'000) service.wrong("crash_exits");
  config.crashes.exits = static_cast<unsigned>(exits);
  service.duration("crash_window", config.crashes.window);
  STRATUS_CHECK(read_volumes(service, config));
  if (config.writable_in_memory && config.writable_limit == 0) service.wrong("writable_in_memory");
  return service.done();
}

// "http://…", "tcp://host:port", or a command.
Result<HealthCheckPlan> check_from(std::string_view kind, const std::string& value) {
  HealthCheckPlan plan;
  if (kind == "http") {
    plan.kind = CheckKind::http;
    plan.url = value.rfind(':', 0) == 0 ? "http://127.0.0.1" + value : value;
    if (plan.url.rfind("http://", 0) != 0 && plan.url.rfind("https://", 0) != 0) {
      return fail(ErrorCode::invalid, fmt::format("health check: '{}' is no http URL", value));
    }
  } else if (kind == "tcp") {
    plan.kind = CheckKind::tcp;
    const auto address = parse_host_port(value);
    if (!address) return fail(ErrorCode::invalid, fmt::format("health check: '{}' is not host:port", value));
    plan.host = address->host.empty() ? "127.0.0.1" : address->host;
    plan.port = address->port;
  } else {
    plan.kind = CheckKind::exec;
    plan.command = {"/bin/sh", "-c", value};
  }
  return plan;
}

Result<void> check_bounds(const HealthCheckPlan& plan) {
  const auto within = [](std::chrono::milliseconds value, std::chrono::milliseconds most,
                         std::string_view what) -> Result<void> {
    if (value >= 0ms && value <= most) return {};
    return fail(ErrorCode::invalid,
                fmt::format("{} of {} s: at most {} s", what, value.count() / 1000, most.count() / 1000));
  };
  STRATUS_CHECK(within(plan.interval, kMaxInterval, "interval"));
  STRATUS_CHECK(within(plan.timeout, kMaxTimeout, "timeout"));
  STRATUS_CHECK(within(plan.start_time, kMaxStartTime, "start time"));
  if (plan.retries > kMaxRetries) {
    return fail(ErrorCode::invalid, fmt::format("{} retries: at most {}", plan.retries, kMaxRetries));
  }
  return {};
}

Result<void> read_health(TableReader health, AgentConfig& config) {
  if (!health.present()) return {};
  HealthCheckPlan plan;
  std::string http, tcp;
  std::vector<std::string> command;
  health.text("http", http);
  health.text("tcp", tcp);
  health.texts("exec", command);
  if ((http.empty() ? 0 : 1) + (tcp.empty() ? 0 : 1) + (command.empty() ? 0 : 1) > 1) {
    return fail(ErrorCode::invalid, "health: one of http, tcp and exec");
  }
  if (!http.empty() || !tcp.empty()) {
    STRATUS_TRY(checked, check_from(http.empty() ? "tcp" : "http", http.empty() ? tcp : http));
    plan = std::move(checked);
  } else if (!command.empty()) {
    plan.kind = CheckKind::exec;
    plan.command = std::move(command);
  }
  health.duration("interval", plan.interval);
  health.duration("timeout", plan.timeout);
  health.duration("start_time", plan.start_time);
  std::uint64_t retries = plan.retries;
  health.number("retries", retries);
  if (retries == 0 || retries > kMaxRetries) health.wrong("retries");
  plan.retries = static_cast<unsigned>(retries);
  STRATUS_CHECK(health.done());
  STRATUS_CHECK(check_bounds(plan).with_context("health"));
  config.health = std::move(plan);
  return {};
}

Result<void> read_mqtt(TableReader mqtt, AgentConfig& config) {
  std::string ca, certificate, key;
  mqtt.text("broker", config.mqtt.broker);
  mqtt.text("ca", ca);
  mqtt.text("certificate", certificate);
  mqtt.text("key", key);
  mqtt.duration("metrics", config.mqtt.metrics);
  if (config.mqtt.metrics < 1s) mqtt.wrong("metrics");
  config.mqtt.ca_file = ca;
  config.mqtt.certificate = certificate;
  config.mqtt.key = key;
  return mqtt.done();
}

Result<void> read_content(TableReader content, AgentConfig& config) {
  std::string directory;
  content.text("directory", directory);
  content.number("limit", config.content.limit);
  content.flag("signed", config.content.must_be_signed);
  if (directory.empty() && content.present()) content.wrong("directory");
  config.content.directory = directory;
  return content.done();
}

// [firmware.NAME]
Result<void> read_firmware(TableReader all, AgentConfig& config) {
  for (const std::string& name : all.keys()) {
    TableReader table = all.table(name);
    FirmwareConfig firmware;
    firmware.name = name;
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!plain || name.empty() || name.size() > 64)
      return fail(ErrorCode::invalid, fmt::format("firmware.{}: a name has 1 to 64 of a-z 0-9 _ -", name));
    table.texts("program", firmware.program);
    table.duration("probation", firmware.probation);
    table.duration("interval", firmware.interval);
    table.duration("start_time", firmware.start_time);
    table.duration("install_time", firmware.install_time);
    table.duration("call_time", firmware.call_time);
    std::uint64_t retries = firmware.retries;
    table.number("retries", retries);
    if (retries == 0 || retries > kMaxRetries) table.wrong("retries");
    firmware.retries = static_cast<unsigned>(retries);
    firmware.interval = std::max<std::chrono::milliseconds>(firmware.interval, 10ms);
    if (firmware.probation > kMaxProbation) table.wrong("probation");
    if (firmware.program.empty() || !firmware.program[0].starts_with('/')) table.wrong("program");
    STRATUS_CHECK(table.done());
    config.firmware.push_back(std::move(firmware));
  }
  return all.done();
}

Result<AgentConfig> read_config(const toml::table& root) {
  AgentConfig config;
  TableReader reader(&root, "");
  std::string ca, data;
  std::vector<std::string> keys;
  reader.text("server", config.server);
  reader.text("ca", ca);
  reader.text("device", config.device);
  reader.text("image", config.image);
  reader.text("data", data);
  reader.texts("keys", keys);
  reader.duration("poll", config.poll);
  config.ca_file = ca;
  config.data = data;
  config.keys.assign(keys.begin(), keys.end());
  STRATUS_CHECK(read_update(reader.table("update"), config));
  STRATUS_CHECK(read_service(reader.table("service"), config));
  STRATUS_CHECK(read_health(reader.table("health"), config));
  STRATUS_CHECK(read_mqtt(reader.table("mqtt"), config));
  STRATUS_CHECK(read_content(reader.table("content"), config));
  STRATUS_CHECK(read_firmware(reader.table("firmware"), config));
  STRATUS_CHECK(reader.done());
  return config;
}

std::string label(const oci::ImageConfig& image, const std::string& key) {
  const auto found = image.labels.find("vnd.stratus." + key);
  return found == image.labels.end() ? "" : found->second;
}

Result<void> read_label_duration(const oci::ImageConfig& image, const std::string& key,
                                 std::chrono::milliseconds& out) {
  const std::string text = label(image, key);
  if (text.empty()) return {};
  const auto value = parse_duration(text);
  if (!value) {
    return fail(ErrorCode::invalid, fmt::format("label vnd.stratus.{}: '{}' is no duration", key, text));
  }
  out = *value;
  return {};
}

void from_oci(const oci::HealthCheck& check, HealthCheckPlan& plan) {
  const auto to_ms = [](std::uint64_t ns) { return std::chrono::milliseconds(ns / 1'000'000); };
  if (check.test.size() >= 2 && check.test[0] == "CMD") {
    plan.kind = CheckKind::exec;
    plan.command.assign(check.test.begin() + 1, check.test.end());
  } else if (check.test.size() >= 2 && check.test[0] == "CMD-SHELL") {
    plan.kind = CheckKind::exec;
    plan.command = {"/bin/sh", "-c", check.test[1]};
  }
  if (check.interval_ns > 0) plan.interval = to_ms(check.interval_ns);
  if (check.timeout_ns > 0) plan.timeout = to_ms(check.timeout_ns);
  if (check.start_period_ns > 0) plan.start_time = to_ms(check.start_period_ns);
  // One more than the bound stands for all that are beyond it.
  if (check.retries > 0) {
    plan.retries = static_cast<unsigned>(std::min<std::uint64_t>(check.retries, kMaxRetries + 1));
  }
}

}  // namespace

Result<AgentConfig> load_config(const std::filesystem::path& file) {
  STRATUS_CHECK(open_file(file, O_RDONLY).with_context("--config"));
  toml::table root;
  try {
    root = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid,
                fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
  } catch (const std::exception& error) {
    return fail(ErrorCode::invalid, fmt::format("{}: {}", file.string(), error.what()));
  }
  return read_config(root).with_context(file.string());
}

Result<void> check_config(const AgentConfig& config) {
  const auto need = [](bool there, std::string_view what) -> Result<void> {
    if (there) return {};
    return fail(ErrorCode::invalid,
                fmt::format("{} is missing: give it in the configuration or as a flag", what));
  };
  STRATUS_CHECK(need(!config.server.empty(), "server"));
  STRATUS_CHECK(need(!config.device.empty(), "device"));
  STRATUS_CHECK(need(!config.image.empty(), "image"));
  STRATUS_CHECK(need(!config.data.empty(), "data"));
  STRATUS_CHECK(need(!config.keys.empty(), "a release key (keys)"));
  if (!wire::is_device_id(config.device)) {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' is no device id: 1 to 64 of A-Z a-z 0-9 . _ : -", config.device));
  }
  if (!config.ca_file.empty()) STRATUS_CHECK(open_file(config.ca_file, O_RDONLY).with_context("ca"));
  for (const std::string& listen : config.listen) {
    if (!parse_host_port(listen)) {
      return fail(ErrorCode::invalid, fmt::format("service.listen: '{}' is not address:port", listen));
    }
  }
  return {};
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  HostPort out;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, out.port);
  if (error != std::errc() || stop != end || colon + 1 == text.size()) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  out.host = host;
  return out;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  int shift = 0;
  if (unit == "K")
    shift = 10;
  else if (unit == "M")
    shift = 20;
  else if (unit == "G")
    shift = 30;
  else if (unit == "T")
    shift = 40;
  else if (!unit.empty())
    return std::nullopt;
  if (value > (std::uint64_t{1} << 62) >> shift) return std::nullopt;
  return value << shift;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  double scale = 1000;
  if (unit == "ms")
    scale = 1;
  else if (unit == "m")
    scale = 60'000;
  else if (unit == "h")
    scale = 3'600'000;
  else if (!unit.empty() && unit != "s")
    return std::nullopt;
  if (!(value >= 0 && value * scale <= kLongestSeconds * 1000)) return std::nullopt;  // NaN is neither
  return std::chrono::milliseconds(static_cast<std::int64_t>(value * scale));
}

Result<HealthCheckPlan> health_of(const AgentConfig& config, const oci::ImageConfig& image) {
  if (config.health) return *config.health;
  HealthCheckPlan plan;
  if (image.health_check) from_oci(*image.health_check, plan);
  for (const std::string kind : {"http", "tcp", "exec"}) {
    const std::string value = label(image, "health." + kind);
    if (value.empty()) continue;
    STRATUS_TRY(checked, check_from(kind, value));
    plan = std::move(checked);
  }
  STRATUS_CHECK(read_label_duration(image, "health.interval", plan.interval));
  STRATUS_CHECK(read_label_duration(image, "health.timeout", plan.timeout));
  STRATUS_CHECK(read_label_duration(image, "health.start-time", plan.start_time));
  if (const std::string retries = label(image, "health.retries"); !retries.empty()) {
    const auto number = parse_bytes(retries);
    if (!number || *number == 0 || *number > kMaxRetries) {
      return fail(ErrorCode::invalid,
                  fmt::format("label vnd.stratus.health.retries: '{}' is not 1 to {}", retries, kMaxRetries));
    }
    plan.retries = static_cast<unsigned>(*number);
  }
  STRATUS_CHECK(check_bounds(plan).with_context("the image's health check"));
  plan.interval = std::max<std::chrono::milliseconds>(plan.interval, 10ms);
  plan.timeout = std::max<std::chrono::milliseconds>(plan.timeout, 10ms);
  return plan;
}

SwapOrder order_of(const AgentConfig& config, const oci::ImageConfig& image) {
  if (config.order) return *config.order;
  return parse_order(label(image, "update.order")).value_or(SwapOrder::stop_first);
}

std::chrono::milliseconds probation_of(const AgentConfig& config, const oci::ImageConfig& image) {
  if (config.probation) return *config.probation;
  std::chrono::milliseconds probation = 10s;
  if (!read_label_duration(image, "update.probation", probation)) return 10s;
  return std::min<std::chrono::milliseconds>(probation, kMaxProbation);
}

Result<void> check_claims(const AgentConfig& config, const oci::ImageConfig& image) {
  STRATUS_CHECK(health_of(config, image));
  std::chrono::milliseconds probation = 0ms;
  STRATUS_CHECK(read_label_duration(image, "update.probation", probation));
  if (probation > kMaxProbation) {
    return fail(ErrorCode::invalid, fmt::format("probation of {} s: at most {} s", probation.count() / 1000,
                                                kMaxProbation.count() / 1000));
  }
  return {};
}

}  // namespace stratus::agent
