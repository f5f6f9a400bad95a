// An answer of the upstream as a gateway keeps it, and how it stands in a file: a line about it with the
// digest of its body, then the body (docs/formats/gateway-cache.md). Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"

namespace stratus::gateway {

struct Answer {
  int status = 200;
  std::string content_type;
  std::string digest;   // Docker-Content-Digest
  std::string link;     // Link, of paged lists
  std::string filters;  // OCI-Filters-Applied
  std::string body;
  bool personal = false;  // for the device that asked alone ("Cache-Control: private"): never kept

  bool operator==(const Answer&) const = default;
};
using AnswerPointer = std::shared_ptr<const Answer>;

struct KeptAnswer {
  std::string key;
  AnswerPointer answer;
  SteadyTime fetched{};  // long ago when it comes from the disk: to be asked for again
  WallTime fetched_wall{};
  std::uint64_t order = 0;  // of two, the one the upstream gave later has the larger; whatever clocks say
};

std::string encode_kept(const KeptAnswer& kept);
Result<KeptAnswer> parse_kept(std::string_view text);

}  // namespace stratus::gateway
