// `stratus publish NAME:VERSION PATH`: builds the image against the newest version, sends what the server
// lacks, signs, registers and deploys.
#pragma once

#include <filesystem>
#include <string>

#include "stratus/cli/common.hpp"
#include "stratus/cli/image_build.hpp"

namespace stratus::cli {

struct PublishOptions {
  std::string reference;  // "name:version"
  BuildOptions build;
  std::filesystem::path sign_key;   // empty: unsigned
  std::filesystem::path to_layout;  // an OCI layout on disk instead of the server
  std::string against;              // a version, "none", or "" for the newest
  bool deploy = true;
  bool accept_unsigned = false;  // deploy it unsigned although devices run a signed version
};

Result<void> publish(const PublishOptions& options, const CommonOptions& common);

}  // namespace stratus::cli
