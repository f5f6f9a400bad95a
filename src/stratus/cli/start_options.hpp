// What an image starts and how, as the command line says it, laid over an image configuration.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "stratus/base/result.hpp"
#include "stratus/oci/image_config.hpp"

namespace stratus::cli {

struct StartOptions {
  std::vector<std::string> entrypoint, cmd;  // a given entrypoint also drops the older version's cmd
  std::vector<std::string> env;              // "NAME=value": replaces that name, keeps the others
  std::vector<std::string> labels;           // "NAME=value"
  std::vector<std::string> ports;            // "8080/tcp"
  std::optional<std::string> user, workdir, stop_signal;
  std::string health_cmd;             // a shell line; "none" switches the check off
  std::filesystem::path from_config;  // an image configuration (JSON) to begin with

  bool empty() const;
};

// `invalid` for malformed settings. The layers and the time of `config` stay.
Result<void> apply_start_options(const StartOptions& options, oci::ImageConfig& config);

}  // namespace stratus::cli
