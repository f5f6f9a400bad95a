// Entity tags of things that people change while devices report into them: "REVISION.HASH". The whole tag
// says whether the representation is the same; a change (If-Match) is held against the revision alone, so
// that a device's report does not get in a person's way. Pure.
#pragma once

#include <string>
#include <string_view>

#include "stratus/base/result.hpp"
#include "stratus/net/http_message.hpp"

namespace stratus::server {

std::string revision_tag(std::int64_t revision, std::string_view body);  // without quotes

// The revision that If-Match names; 0 without one and for "*". A tag that is none of ours matches nothing:
// `precondition_failed`.
Result<std::int64_t> revision_to_match(const net::Headers& headers);

}  // namespace stratus::server
