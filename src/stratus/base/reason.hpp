// A finer word than an error's code, where programs must tell cases apart: "code_expired", "throttled".
// It ends the text in brackets, "wait 3 s [throttled]", so that logs show it; whoever answers a request takes
// it off again and makes it the problem's `code`.
#pragma once

#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus {

// Lower-case letters and underscores.
tl::unexpected<Error> fail(ErrorCode code, std::string text, std::string_view reason);

std::string_view reason_of(const Error& error);  // "" when it has none
std::string_view text_without_reason(const Error& error);

// The status for an error: that of its code, or of its reason where that has one of its own (401 for
// unauthenticated, 412 precondition_failed, 428 precondition_required, 429 throttled).
int http_status_of(const Error& error);

}  // namespace stratus
