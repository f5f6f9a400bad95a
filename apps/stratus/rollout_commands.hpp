// The options of `stratus rollout …` and `stratus history`.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "stratus/cli/common.hpp"

// `action` is set to what the chosen subcommand does; `exit_status` by those that end with another one than
// 0.
void add_rollout(CLI::App& app, const stratus::cli::CommonOptions& common,
                 std::function<stratus::Result<void>()>& action, int& exit_status);
