// Groups of subcommands that live in files of their own: each adds its options and says what to do.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "stratus/cli/common.hpp"

// What the chosen subcommand does; called once the whole command line is understood.
using Action = std::function<stratus::Result<void>()>;

void add_fleet_view_commands(CLI::App& app, const stratus::cli::CommonOptions& common, Action& action);
void add_artifact_commands(CLI::App& app, const stratus::cli::CommonOptions& common, Action& action);
