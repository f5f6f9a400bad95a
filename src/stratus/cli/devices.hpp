// `stratus watch` and `stratus device watch`: what changes on devices, until interrupted or until one is up
// to date; `stratus gc`.
#pragma once

#include <chrono>
#include <string>

#include <boost/json/fwd.hpp>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

// Prints every change of a device as one line (with --json: one object a line), for ever or for `longest`
// when that is not zero.
Result<void> watch_devices(std::chrono::seconds longest, const CommonOptions& common);

struct DeviceWatch {
  std::string device;
  unsigned seconds = 0;  // 0: for ever
};
// The same of one device until it is over. Answers the exit status: 0 it runs what is wanted of it, 6 it
// could not have that, or went back. `timeout` when the time is over first.
Result<int> watch_device(const DeviceWatch& options, const CommonOptions& common);

// What an answer of /api/v1/devices/{id}/why says about the way of the device. Pure.
struct DeviceProgress {
  bool is_updated = false;
  std::string failure;  // what it said about the wanted release; empty: nothing bad
  std::string blocker;  // the first thing that is not as it has to be
  std::string line;     // for people
};
DeviceProgress read_why(const boost::json::value& why);

Result<void> collect_garbage(bool dry_run, const CommonOptions& common);

}  // namespace stratus::cli
