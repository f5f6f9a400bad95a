#include "stratus/cli/common.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace stratus::cli {

void say(const CommonOptions& common, std::string_view line) {
  if (!common.json && !common.quiet) fmt::print("{}\n", line);
}

std::string count_of(std::uint64_t number, std::string_view one) {
  return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
}

void print_json(const CommonOptions& common, std::string_view json) {
  if (common.json) fmt::print("{}\n", json);
}

}  // namespace stratus::cli
