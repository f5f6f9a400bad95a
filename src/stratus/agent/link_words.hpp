// What an agent says when its question about updates is not answered: what happened, to what, what to do.
// Pure.
#pragma once

#include <string>

#include "stratus/agent/config.hpp"
#include "stratus/base/result.hpp"

namespace stratus::agent {

// No answer came.
std::string explain_no_answer(const AgentConfig& config, const Error& error);
// One came, and it is none to the question.
std::string explain_status(const AgentConfig& config, int status);

}  // namespace stratus::agent
