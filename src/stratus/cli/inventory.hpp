// `stratus region|group|filter|device list|show|create|change|remove`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

enum class Noun : std::uint8_t { region, group, filter, device };
std::string_view word_for(Noun noun);

struct DeviceListOptions {
  std::string filter, saved, sort;
  std::uint64_t limit = 0;  // devices in all; 0: every one
};

// What a command line sets: member and text. `tags` are KEY=VALUE and replace all; texts of the members
// active, latitude and longitude become the JSON that they stand for, "-" takes region, group and place away.
struct Settings {
  std::vector<std::pair<std::string, std::string>> members;
  std::vector<std::string> tags;
};

Result<void> list_inventory(Noun noun, const DeviceListOptions& options, const CommonOptions& common);
Result<void> show_inventory(Noun noun, const std::string& key, const CommonOptions& common);
// `settings` with "code", for devices "id".
Result<void> create_inventory(Noun noun, const Settings& settings, const CommonOptions& common);
Result<void> change_inventory(Noun noun, const std::string& key, const Settings& settings,
                              const CommonOptions& common);
Result<void> remove_inventory(Noun noun, const std::string& key, const CommonOptions& common);

}  // namespace stratus::cli
