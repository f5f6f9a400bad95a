// The program that knows how firmware gets into this device (docs/operations/firmware-plugins.md): it is
// started for each step, told about the release on its standard input, and answers by its exit status.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "stratus/base/result.hpp"

namespace stratus::agent {

struct PluginCall {
  std::vector<std::string> command;  // program and fixed arguments
  std::string word;                  // "probe", "install", "confirm", "revert"
  std::string file;                  // of "install"
  std::string input;                 // one line of JSON
  std::chrono::milliseconds limit{0};
  std::function<bool()> is_cancelled;  // asked a few times a second; ends the program
};

struct PluginAnswer {
  static constexpr int kLater = 75;  // EX_TEMPFAIL: not yet; after the next boot

  int status = 0;     // exit status; 128 + number for a signal
  std::string words;  // the last line it said
  bool timed_out = false;
  bool cancelled = false;

  bool well() const { return status == 0 && !timed_out && !cancelled; }
  bool later() const { return status == kLater && !timed_out && !cancelled; }
  // "exit status 3: slot b has no space"
  std::string text() const;
};

// Blocks; for a worker. An error: the program could not be started, which says nothing about the release. It
// runs in a process group of its own, which ends with the call.
Result<PluginAnswer> call_plugin(const PluginCall& call);

}  // namespace stratus::agent
