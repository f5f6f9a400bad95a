// Precompiled for the programs' own files, which read options.
#pragma once

#include "standard.hpp"

#include <CLI/CLI.hpp>
