// What the subcommands other than `run` do.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "stratus/agent/config.hpp"
#include "stratus/base/result.hpp"
#include "stratus/update/transfer_meter.hpp"

namespace stratus::agent {

// Prints the agent's own word, or, when none runs, what the journal says.
Result<void> show_status(const std::filesystem::path& data, bool json);
Result<void> send_word(const std::filesystem::path& data, std::string_view word);
// {"ready":true,…} for standard output.
std::string ready_line(const AgentConfig& config);

// {"bytes","total","percent","speed","eta_s"}
boost::json::object encode_transfer(const update::TransferReading& reading);

}  // namespace stratus::agent
