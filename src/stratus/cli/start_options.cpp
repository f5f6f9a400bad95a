#include "stratus/cli/start_options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/base/file.hpp"

namespace stratus::cli {
namespace {

Result<std::string> name_of(const std::string& setting, const char* option) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(ErrorCode::invalid, fmt::format("{} {}: not NAME=value", option, setting));
  }
  return setting.substr(0, equals);
}

}  // namespace

bool StartOptions::empty() const {
  return entrypoint.empty() && cmd.empty() && env.empty() && labels.empty() && ports.empty() && !user &&
         !workdir && !stop_signal && health_cmd.empty() && from_config.empty();
}

Result<void> apply_start_options(const StartOptions& options, oci::ImageConfig& config) {
  if (!options.from_config.empty()) {
    STRATUS_TRY(text, read_file(options.from_config, oci::kMaxConfig));
    STRATUS_TRY(given, oci::parse_image_config(text).with_context(options.from_config.string()));
    given.diff_ids = config.diff_ids;
    given.created = config.created;
    if (given.architecture.empty()) given.architecture = config.architecture;
    config = std::move(given);
  }
  if (!options.entrypoint.empty()) {
    config.entrypoint = options.entrypoint;
    config.cmd = options.cmd;
  } else if (!options.cmd.empty()) {
    config.cmd = options.cmd;
  }
  for (const std::string& setting : options.env) {
    STRATUS_TRY(name, name_of(setting, "--env"));
    std::erase_if(config.env, [&](const std::string& other) { return other.starts_with(name + "="); });
    config.env.push_back(setting);
  }
  for (const std::string& setting : options.labels) {
    STRATUS_TRY(name, name_of(setting, "--label"));
    config.labels[name] = setting.substr(name.size() + 1);
  }
  for (const std::string& port : options.ports) {
    config.exposed_ports.insert(port.find('/') == std::string::npos ? port + "/tcp" : port);
  }
  if (options.user) config.user = *options.user;
  if (options.workdir) config.working_dir = *options.workdir;
  if (options.stop_signal) config.stop_signal = *options.stop_signal;
  if (!config.working_dir.empty() && !config.working_dir.starts_with('/')) {
    return fail(ErrorCode::invalid, fmt::format("--workdir {}: not an absolute path", config.working_dir));
  }
  if (options.health_cmd == "none") {
    config.health_check.reset();
  } else if (!options.health_cmd.empty()) {
    config.health_check.emplace();
    config.health_check->test = {"CMD-SHELL", options.health_cmd};
  }
  return {};
}

}  // namespace stratus::cli
