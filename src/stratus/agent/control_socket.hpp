// DATA/agent.sock: how `stratus-agent status|check|cancel|stop` talks to the agent that runs. One word in, a
// line of JSON out; only root gets at it. On a disk without room for it, it lies in
// spare_directory(DATA).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "stratus/agent/agent.hpp"
#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/task.hpp"

namespace stratus::agent {

class ControlSocket {
 public:
  // The agent must outlive it.
  static Result<std::unique_ptr<ControlSocket>> open(net::Executor executor,
                                                     const std::filesystem::path& data, Agent& agent);
  virtual ~ControlSocket() = default;
};

// The socket that is listened on. Replaces what a dead agent left (the lock says that it is dead).
Result<FileDescriptor> listen_for_words(const std::filesystem::path& data);

// The directory of an agent, running or not, for asking; `not_found` says what to look at.
Result<FileDescriptor> open_agent_directory(const std::filesystem::path& data);

// The client's side; blocking. `unavailable` when no agent answers, or when it ends while it is asked.
Result<std::string> ask_agent(const std::filesystem::path& data, std::string_view word);
// The same over a connection; DATA for the words of an error.
Result<std::string> ask_over(FileDescriptor socket, const std::filesystem::path& data, std::string_view word);

}  // namespace stratus::agent
