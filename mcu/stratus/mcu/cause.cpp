#include "stratus/mcu/cause.hpp"

namespace stratus::mcu {

const char* cause_name(Cause cause) {
  // One after the other, and found by walking: no table of addresses in flash.
  static constexpr char kNames[] =
      "ok\0"
      "io\0"
      "no_image\0"
      "bad_size\0"
      "bad_format\0"
      "truncated\0"
      "trailing_bytes\0"
      "hash_mismatch\0"
      "bad_signature\0"
      "wrong_model\0"
      "downgrade\0"
      "known_bad\0"
      "wrong_base\0"
      "expired\0"
      "replayed\0"
      "too_large\0"
      "not_found\0"
      "unauthorised\0"
      "unavailable\0"
      "range_ignored\0"
      "protocol\0"
      "conflict\0"
      "trial_failed\0"
      "self_test_failed\0"
      "cancelled\0";
  const char* at = kNames;
  for (auto left = static_cast<unsigned>(cause); left != 0 && *at != 0; --left) {
    while (*at++ != 0) {
    }
  }
  return *at != 0 ? at : "unknown";
}

}  // namespace stratus::mcu
