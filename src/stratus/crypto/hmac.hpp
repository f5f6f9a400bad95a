// HMAC-SHA-256 (RFC 2104): keyed hashes of short secrets, which a stolen table alone does not give away.
#pragma once

#include <string>
#include <string_view>

namespace stratus::crypto {

std::string hmac_sha256_hex(std::string_view key, std::string_view message);  // 64 hex digits

// Takes the same time wherever two texts of one length differ.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace stratus::crypto
