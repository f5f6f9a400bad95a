// For tests only: digests that are told apart by a word.
#pragma once

#include "stratus/crypto/sha256.hpp"

namespace stratus::gateway {

inline Digest named(const char* text) { return sha256(std::string_view(text)); }

}  // namespace stratus::gateway
