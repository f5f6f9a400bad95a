// The device's agent: drives update's state machine with real effects, keeps the service running, reports.
//
// One loop, one thread; what blocks (unpacking, patching, starting) runs on one worker thread, so the service
// and the loop go on meanwhile. Four coroutines: the update, the keeper (restarts a service that ended), the
// reporter and the control socket; stop() ends them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/agent/config.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/task.hpp"
#include "stratus/wire/messages.hpp"

namespace stratus::agent {

class Agent {
 public:
  // Takes DATA's lock, reads the journal, finds what runs. `conflict` when another agent is at work there.
  static Result<std::unique_ptr<Agent>> make(AgentConfig config, net::Executor executor);
  virtual ~Agent() = default;

  // Until stop(). An error: the agent cannot go on (its journal is unreadable, say).
  virtual net::Task<Result<void>> run() = 0;

  virtual void check_now() = 0;
  // Ends the update that is going on of a name (the image's, "content", "firmware/NAME"; empty: of all), as
  // soon as its step allows. False: nothing is going on.
  virtual bool cancel(std::string_view name) = 0;
  // The service goes on running without an agent, unless it shall stop too.
  virtual void stop(bool service_too) = 0;
  // What went wrong since the last call, oldest first; for whoever collects it.
  virtual std::vector<wire::LogEntry> take_errors() = 0;
  // JSON object of `stratus-agent status`.
  virtual std::string status() const = 0;
  // Called on the loop once the first question about updates is over, and when that changes: "" the server
  // answered, otherwise what is wrong with what, and what to do. Before run().
  virtual void on_link(std::function<void(const std::string& problem)> hook) = 0;
};

}  // namespace stratus::agent
