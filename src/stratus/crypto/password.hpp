// Passwords as argon2id hashes (RFC 9106) with the parameters inside the text. Each call takes about 20 MiB
// and tens of milliseconds of CPU: on a pool, a few at a time.
#pragma once

#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::crypto {

// "$argon2id$v=19$m=19456,t=2,p=1$…". `no_space` when memory is short.
Result<std::string> hash_password(std::string_view password);

// False for a wrong password and for an encoded text that is none. Takes the same time wherever a wrong
// password differs.
bool password_matches(std::string_view password, const std::string& encoded);

}  // namespace stratus::crypto
