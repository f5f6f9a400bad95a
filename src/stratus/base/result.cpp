#include "stratus/base/result.hpp"

#include <array>
#include <cerrno>
#include <system_error>

namespace stratus {
namespace {

constexpr std::array<ErrorMapping, 10> kMappings{{
    {ErrorCode::not_found, "not_found", 404, 3},
    {ErrorCode::corrupt, "corrupt", 422, 1},
    {ErrorCode::denied, "denied", 403, 4},
    {ErrorCode::timeout, "timeout", 504, 124},
    {ErrorCode::no_space, "no_space", 507, 1},
    {ErrorCode::cancelled, "cancelled", 409, 1},
    {ErrorCode::conflict, "conflict", 409, 5},
    {ErrorCode::unavailable, "unavailable", 503, 1},
    {ErrorCode::invalid, "invalid", 400, 2},
    {ErrorCode::internal, "internal", 500, 1},
}};

ErrorCode code_of_errno(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EEXIST:
    case ENOTEMPTY:
    case EBUSY:
      return ErrorCode::conflict;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::denied;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EFBIG:
      return ErrorCode::no_space;
    case ETIMEDOUT:
      return ErrorCode::timeout;
    case ECANCELED:
      return ErrorCode::cancelled;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EAGAIN:
    case EADDRINUSE:
    case EMFILE:
    case ENFILE:
      return ErrorCode::unavailable;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
      return ErrorCode::invalid;
    default:
      return ErrorCode::internal;
  }
}

struct ReasonStatus {
  std::string_view reason;
  int http_status;
};
constexpr std::array<ReasonStatus, 4> kReasonStatuses{{
    {"unauthenticated", 401},
    {"precondition_failed", 412},
    {"precondition_required", 428},
    {"throttled", 429},
}};

}  // namespace

int http_status_of(const Error& error) {
  for (const ReasonStatus& row : kReasonStatuses) {
    if (row.reason == error.reason()) return row.http_status;
  }
  return mapping_of(error.code()).http_status;
}

const ErrorMapping& mapping_of(ErrorCode code) { return kMappings.at(static_cast<std::size_t>(code)); }

ErrorCode error_code_of_http_status(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::denied;
    case 404:
    case 410:
      return ErrorCode::not_found;
    case 408:
    case 504:
      return ErrorCode::timeout;
    case 409:
    case 412:
      return ErrorCode::conflict;
    case 422:
      return ErrorCode::corrupt;
    case 429:
    case 502:
    case 503:
      return ErrorCode::unavailable;
    case 507:
      return ErrorCode::no_space;
    default:
      return status >= 500 ? ErrorCode::unavailable : ErrorCode::invalid;
  }
}

Error Error::with_context(std::string_view context) const& { return Error(*this).with_context(context); }

Error Error::with_context(std::string_view context) && {
  text_.insert(0, ": ").insert(0, context);
  return std::move(*this);
}

Error Error::from_errno(std::string_view what, int number) {
  return Error(code_of_errno(number), std::string(what) + ": " + std::generic_category().message(number));
}

Error Error::from_errno(std::string_view what) { return from_errno(what, errno); }

tl::unexpected<Error> fail(ErrorCode code, std::string text, std::string_view reason) {
  return tl::unexpected<Error>(Error(code, std::move(text), std::string(reason)));
}
tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace stratus
