// What the programs say about a command that they do not know.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "stratus/base/nearest_word.hpp"

// After `app` refused a command line: "unknown command 'bogus'; did you mean 'devices'?" when a word stands
// where a command is expected and is none; otherwise "".
inline std::string unknown_command(const CLI::App& app) {
  const CLI::App* at = &app;
  std::string path = app.get_name();
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    path += " " + at->get_name();
  }
  if (at->get_require_subcommand_min() == 0) return "";
  std::vector<std::string> known;
  for (const CLI::App* const one : at->get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(one->get_name());
  for (const std::string& word : app.remaining(true)) {
    if (word.starts_with('-')) continue;
    const std::string meant = stratus::nearest_word(word, known);
    return meant.empty() ? fmt::format("unknown command '{}'; `{} --help` lists them", word, path)
                         : fmt::format("unknown command '{}'; did you mean `{} {}`?", word, path, meant);
  }
  return "";
}
