// Why something was refused or failed: one list for the whole library, small enough to travel in a byte.
#pragma once

#include <stdint.h>

namespace stratus::mcu {

enum class Cause : uint8_t {
  ok = 0,
  io,                // the flash, the stream or the clock reported a failure
  no_image,          // no image header where one was expected
  bad_size,          // a length contradicts another length or its limit
  bad_format,        // structure broken: unknown critical field, field twice, field missing
  truncated,         // ends too early
  trailing_bytes,    // goes on after its end
  hash_mismatch,     // content is not what its SHA-256 says
  bad_signature,     // not signed by the release key
  wrong_model,       // made for another board
  downgrade,         // security counter below the device's floor
  known_bad,         // this very image failed here before
  wrong_base,        // delta made against something else
  expired,           // manifest or link no longer valid
  replayed,          // manifest older than one seen before
  too_large,         // does not fit the slot or the buffer
  not_found,         // the server does not have it
  unauthorised,      // the server refuses this device or this link
  unavailable,       // the server asks to come back later
  range_ignored,     // a 200 answer to a Range request, or another range than asked
  protocol,          // the peer does not speak the protocol
  conflict,          // the state does not allow it
  trial_failed,      // the new image did not confirm itself within its trials
  self_test_failed,  // the new image judged itself bad
  cancelled          // somebody gave the update up
};

const char* cause_name(Cause cause);  // for logs and reports; never null

}  // namespace stratus::mcu
