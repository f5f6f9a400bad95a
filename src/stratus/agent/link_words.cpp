#include "stratus/agent/link_words.hpp"

#include <fmt/format.h>

namespace stratus::agent {

std::string explain_no_answer(const AgentConfig& config, const Error& error) {
  if (error.code() == ErrorCode::denied) {
    return fmt::format(
        "{} shows a certificate that {} does not vouch for ({}); copy DATA/tls/gateway.pem of that gateway, "
        "or "
        "DATA/tls/server.pem of that server, and name it with --ca",
        config.server,
        config.ca_file.empty() ? std::string("none that this machine trusts") : config.ca_file.string(),
        error.text());
  }
  return fmt::format("{} cannot be reached ({}); see whether it runs, and whether --server is right",
                     config.server, error.text());
}

std::string explain_status(const AgentConfig& config, int status) {
  if (status == 404) {
    return fmt::format(
        "{0} has no deployed version of the image '{1}'; `stratus publish {1}:VERSION …` or `stratus deploy "
        "{1}:VERSION` makes one, or another --image is meant",
        config.server, config.image);
  }
  if (status == 401 || status == 403) {
    return fmt::format(
        "{0} does not let the device '{1}' ask (it answered {2}); enrol it with a code from `stratus device "
        "code` (stratus-agent enrol), or see `stratus device certificates {1}`",
        config.server, config.device, status);
  }
  if (status >= 500) {
    return fmt::format(
        "{} answered {}: it is in trouble itself, or what stands behind it is away; see its log",
        config.server, status);
  }
  return fmt::format("{} answered {}; see whether a Stratus gateway or server listens there", config.server,
                     status);
}

}  // namespace stratus::agent
