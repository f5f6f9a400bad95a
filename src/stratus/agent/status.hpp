// What the subcommands other than `run` do.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "stratus/agent/config.hpp"
#include "stratus/base/result.hpp"
#include "stratus/update/device_record.hpp"
#include "stratus/update/transfer_meter.hpp"

namespace stratus::agent {

// Prints the agent's own word, or, when none runs, what the journal says.
Result<void> show_status(const std::filesystem::path& data, bool json);

struct Word {
  std::filesystem::path data;
  std::string word;      // "check", "cancel", "stop"
  bool wait = false;     // until what it asks for is over: the update, or the agent
  unsigned seconds = 0;  // at most; 0: for ever
};
// With `wait` the end counts: `unavailable` when the server did not answer, `conflict` when the update was
// refused or went back, `timeout` after `seconds`.
Result<void> send_word(const Word& word);

// {"ready":true,…} for standard output, or {"ready":false,…,"problem":…}.
std::string ready_line(std::string_view device, std::string_view image, std::string_view problem);

// {"version","manifest"}, or null when there is none.
boost::json::value release_json(const update::ReleaseId& release);

// {"bytes","total","percent","speed","eta_s"}
boost::json::object encode_transfer(const update::TransferReading& reading);

}  // namespace stratus::agent
