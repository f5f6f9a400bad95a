// `stratus device command`: asks one device that is connected for something small.
#pragma once

#include <string>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

struct DeviceCommand {
  std::string device;
  std::string command;  // of wire::kControlActions
  bool wait = false;    // for the device's answer
};
// Answers the exit status: 0 sent (with `wait`: done), 6 the device refused. `timeout` when no answer comes
// while the command is good.
Result<int> command_device(const DeviceCommand& options, const CommonOptions& common);

}  // namespace stratus::cli
