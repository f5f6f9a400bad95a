// The texts that keep a campaign's header and its devices' past in a database. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stratus/rollout/campaign.hpp"

namespace stratus::rollout {

// Everything of the header but id and state, with the counts for lists (which reading ignores: they come from
// the devices).
std::string encode_header(const Header& header, const std::vector<Counts>& waves);
// id and state are left as they are by default.
Result<Header> parse_header(std::string_view text);
// The counts of an encoded header, wave by wave.
Result<std::vector<Counts>> parse_counts(std::string_view text);

std::string encode_before(const std::vector<Before>& before);
Result<std::vector<Before>> parse_before(std::string_view text);

}  // namespace stratus::rollout
