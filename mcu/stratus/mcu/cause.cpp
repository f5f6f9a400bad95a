#include "stratus/mcu/cause.hpp"

namespace stratus::mcu {

const char* cause_name(Cause cause) {
  static const char* const kNames[] = {"ok",
                                       "io",
                                       "no_image",
                                       "bad_size",
                                       "bad_format",
                                       "truncated",
                                       "trailing_bytes",
                                       "hash_mismatch",
                                       "bad_signature",
                                       "wrong_model",
                                       "downgrade",
                                       "known_bad",
                                       "wrong_base",
                                       "expired",
                                       "replayed",
                                       "too_large",
                                       "not_found",
                                       "unauthorised",
                                       "unavailable",
                                       "range_ignored",
                                       "protocol",
                                       "conflict",
                                       "trial_failed",
                                       "self_test_failed",
                                       "cancelled"};
  const auto index = static_cast<unsigned>(cause);
  return index < sizeof kNames / sizeof *kNames ? kNames[index] : "unknown";
}

}  // namespace stratus::mcu
