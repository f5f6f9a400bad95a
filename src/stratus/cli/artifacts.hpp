// `stratus firmware …` and `stratus content …`: what is not a container image.
#pragma once

#include <string>
#include <vector>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

struct FirmwareOptions {
  std::string reference;  // NAME:VERSION
  std::filesystem::path file;
  std::string notes;
  std::vector<std::string> classes;
  // What microcontrollers take with it; empty: nothing.
  std::filesystem::path assets, configuration, secondary;
  std::filesystem::path sign_key;  // release key; empty: not signed, and Linux devices refuse it
};
// Sends the file, checks that the server received the same bytes, and registers it.
Result<void> push_firmware(const FirmwareOptions& options, const CommonOptions& common);

struct ContentOptions {
  std::string title;
  std::string description;
  std::filesystem::path original, display;
  std::filesystem::path sign_key;  // release key; empty: not signed
};
Result<void> push_content(const ContentOptions& options, const CommonOptions& common);

enum class ArtifactKind : std::uint8_t { firmware, content };

struct ArtifactListOptions {
  std::string search;
  std::string sort = "newest";
};
Result<void> list_artifacts(ArtifactKind kind, const ArtifactListOptions& options,
                            const CommonOptions& common);
Result<void> show_artifact(ArtifactKind kind, const std::string& id, const CommonOptions& common);
// `which`: of content, "original" or "display". Refuses to write over `out`; verifies the digest.
Result<void> download_artifact(ArtifactKind kind, const std::string& id, const std::string& which,
                               const std::filesystem::path& out, const CommonOptions& common);
Result<void> remove_artifact(ArtifactKind kind, const std::string& id, const CommonOptions& common);

}  // namespace stratus::cli
