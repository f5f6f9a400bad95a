// What a gateway must know to turn away whom the server turns away (GET /api/v1/ca/revocations,
// docs/formats/identity.md). Gateways ask for it every few seconds and hand it on to those behind them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/result.hpp"

namespace stratus::wire {

struct Revocations {
  bool required = false;             // nobody is served without a certificate
  std::vector<std::string> devices;  // shut out, by name; sorted
  std::string list;                  // PEM, signed by the intermediate: certificates that ended

  static constexpr std::size_t kMaxEncoded = 8u << 20;  // bytes
};
std::string encode_revocations(const Revocations& revocations);
Result<Revocations> parse_revocations(std::string_view text);

}  // namespace stratus::wire
