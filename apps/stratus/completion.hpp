// Completion for shells, made from the commands and options themselves, so that it never lags behind them.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

// A script to be sourced: subcommands, options, and the words that an option takes where they are fixed;
// everything else completes to file names. zsh takes it too, after `autoload bashcompinit && bashcompinit`.
std::string bash_completion(const CLI::App& app);
