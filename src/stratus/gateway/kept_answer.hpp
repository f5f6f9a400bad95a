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

// For whom an answer is, and whether it says something of those kept before (docs/rollouts.md). The
// upstream's Cache-Control.
enum class Sharing : std::uint8_t {
  all,       // whoever asks the same
  ask_each,  // "no-cache": kept for when the upstream is away, but another device may hear something else
  held,      // "no-store": this device's for the moment; what others were told holds
  personal,  // "private": devices differ for good; what others were told may not hold either
};
std::string_view cache_control_of(Sharing sharing);       // "": all
Sharing parse_cache_control(std::string_view directive);  // what it does not know is for all
constexpr bool may_be_kept(Sharing sharing) {
  return sharing == Sharing::all || sharing == Sharing::ask_each;
}

struct Answer {
  int status = 200;
  std::string content_type;
  std::string digest;   // Docker-Content-Digest
  std::string link;     // Link, of paged lists
  std::string filters;  // OCI-Filters-Applied
  std::string body;
  Sharing sharing = Sharing::all;  // not in the file: what is left then is for those who have nothing else

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
