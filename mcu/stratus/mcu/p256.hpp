// ECDSA P-256 signature check (FIPS 186-4, SEC 1), for chips without an engine. Verification only: it handles
// nothing secret. About 3 KB of code, no static memory, 1 KB of stack.
#pragma once

#include <stdint.h>

namespace stratus::mcu {

// `key`: x and y, 32 bytes each, big-endian. `signature`: strict DER of (r, s). False for anything that is
// not exactly a valid signature by a key on the curve.
bool p256_verify(const uint8_t key[64], const uint8_t digest[32], const uint8_t* signature, uint32_t size);

}  // namespace stratus::mcu
