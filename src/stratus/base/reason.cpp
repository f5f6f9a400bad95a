#include "stratus/base/reason.hpp"

#include <array>

namespace stratus {
namespace {

struct ReasonStatus {
  std::string_view reason;
  int http_status;
};
constexpr std::array<ReasonStatus, 4> kReasons{{
    {"unauthenticated", 401},
    {"precondition_failed", 412},
    {"precondition_required", 428},
    {"throttled", 429},
}};

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz_";

// Where " [reason]" begins; npos without one.
std::size_t find_reason(std::string_view text) {
  if (!text.ends_with(']')) return std::string_view::npos;
  const std::size_t open = text.rfind(" [");
  if (open == std::string_view::npos || open + 3 >= text.size()) return std::string_view::npos;
  const std::string_view word = text.substr(open + 2, text.size() - open - 3);
  return word.find_first_not_of(kLetters) == std::string_view::npos ? open : std::string_view::npos;
}

}  // namespace

tl::unexpected<Error> fail(ErrorCode code, std::string text, std::string_view reason) {
  return fail(code, std::move(text).append(" [").append(reason).append("]"));
}

std::string_view reason_of(const Error& error) {
  const std::string_view text = error.text();
  const std::size_t at = find_reason(text);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + 2, text.size() - at - 3);
}

std::string_view text_without_reason(const Error& error) {
  const std::string_view text = error.text();
  return text.substr(0, find_reason(text));
}

int http_status_of(const Error& error) {
  const std::string_view reason = reason_of(error);
  for (const ReasonStatus& row : kReasons) {
    if (row.reason == reason) return row.http_status;
  }
  return mapping_of(error.code()).http_status;
}

}  // namespace stratus
