// Result<T> and Error: how every function of the project says that it failed.
//
// An Error is a small code (what kind of failure, for programs) and a text (what happened, to what,
// and where it helps what to do next, for people). Callers add context on the way up with
// `with_context`, so the outermost text reads like "publish app:2: read layer: No space left on device".
// Exceptions of other libraries are caught in the file that calls them and become an Error there.
// All types are values; nothing here allocates apart from the texts, nothing is thread-bound.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace stratus {

enum class ErrorCode : std::uint8_t {
  not_found,    // the thing named does not exist
  corrupt,      // stored or received bytes are not what their digest, length or format says
  denied,       // identity, signature or permission does not allow it
  timeout,      // no answer within the stated time
  no_space,     // disk, quota or memory bound reached
  cancelled,    // somebody asked to stop
  conflict,     // the state does not allow it (exists already, changed meanwhile)
  unavailable,  // a peer or resource cannot be reached now; trying later may help
  invalid,      // the input is not acceptable, trying again will not help
  internal,     // a fault of ours or of the operating system
};

// Where a code becomes something for the outside: the one table of the project.
struct ErrorMapping {
  ErrorCode code;
  std::string_view name;  // stable, machine-readable
  int http_status;
  int exit_status;  // of the command line programs; 0 ok, 2 usage
};
const ErrorMapping& mapping_of(ErrorCode code);
// The code for an HTTP status received from a peer (404 → not_found, 5xx → unavailable, …).
ErrorCode error_code_of_http_status(int status);

class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string text, std::string reason = {})
      : code_(code), text_(std::move(text)), reason_(std::move(reason)) {}

  ErrorCode code() const { return code_; }
  const std::string& text() const { return text_; }
  // A finer word than the code, where programs must tell cases apart: "code_expired", "throttled". Lower-case
  // letters and underscores; empty when it has none. It becomes the `code` of a problem (RFC 9457).
  const std::string& reason() const { return reason_; }

  // "context: text"; the code and the reason stay.
  Error with_context(std::string_view context) const&;
  Error with_context(std::string_view context) &&;

  // From errno: picks the code (ENOENT → not_found, ENOSPC → no_space, …) and
  // makes the text "what: strerror".
  static Error from_errno(std::string_view what, int number);
  static Error from_errno(std::string_view what);  // uses errno

 private:
  ErrorCode code_;
  std::string text_;
  std::string reason_;
};

// The HTTP status for an error: that of its code, or of its reason where that has one of its own (401 for
// unauthenticated, 412 precondition_failed, 428 precondition_required, 429 throttled).
int http_status_of(const Error& error);

// Shorthand for `return fail(ErrorCode::invalid, "…")` in any function that returns a Result.
tl::unexpected<Error> fail(ErrorCode code, std::string text, std::string_view reason = {});
tl::unexpected<Error> fail(Error error);

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;

  // The same result, its error (if any) prefixed with `context`.
  Result with_context(std::string_view context) && {
    if (*this) return std::move(*this);
    return tl::unexpected<Error>(std::move(this->error()).with_context(context));
  }
};

// The error of a failed Result, ready to be returned from a function of another type.
template <class T>
tl::unexpected<Error> forward_error(Result<T>&& failed) {
  return tl::unexpected<Error>(std::move(failed.error()));
}

}  // namespace stratus

// STRATUS_TRY(var, expr): `auto var = value of expr`, or return its error from this function.
// STRATUS_CHECK(expr): the same for Result<void>. Not for coroutines (use the CO_ forms there):
// a coroutine first awaits into a named local, then checks it.
#define STRATUS_CONCAT_(a, b) a##b
#define STRATUS_CONCAT(a, b) STRATUS_CONCAT_(a, b)
#define STRATUS_TRY(var, ...) STRATUS_TRY_(return, STRATUS_CONCAT(try_result_, __LINE__), var, __VA_ARGS__)
#define STRATUS_CO_TRY(var, ...) \
  STRATUS_TRY_(co_return, STRATUS_CONCAT(try_result_, __LINE__), var, __VA_ARGS__)
#define STRATUS_TRY_(ret, tmp, var, ...)                  \
  auto tmp = (__VA_ARGS__);                               \
  if (!tmp) ret ::stratus::forward_error(std::move(tmp)); \
  auto var = std::move(*tmp)
#define STRATUS_CHECK(...) STRATUS_CHECK_(return, STRATUS_CONCAT(try_result_, __LINE__), __VA_ARGS__)
#define STRATUS_CO_CHECK(...) STRATUS_CHECK_(co_return, STRATUS_CONCAT(try_result_, __LINE__), __VA_ARGS__)
#define STRATUS_CHECK_(ret, tmp, ...)                       \
  do {                                                      \
    auto tmp = (__VA_ARGS__);                               \
    if (!tmp) ret ::stratus::forward_error(std::move(tmp)); \
  } while (false)
