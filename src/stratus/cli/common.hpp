// What every command of the `stratus` program shares: where the server is, and how results are shown.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::cli {

struct CommonOptions {
  std::string server;  // https://host:port
  std::filesystem::path ca_file;
  std::filesystem::path token_file;
  bool kept_token = true;  // without token_file: the one that `stratus login` kept for this server
  bool json = false;       // the result as one JSON object on standard output
  bool quiet = false;      // no progress, no chatter
};

// One line for people on standard output; nothing with --json or --quiet.
void say(const CommonOptions& common, std::string_view line);
// "1 layer", "2 layers".
std::string count_of(std::uint64_t number, std::string_view one);
// The result for programs on standard output; nothing without --json.
void print_json(const CommonOptions& common, std::string_view json);

}  // namespace stratus::cli
