// Heads of blob answers and what withholding means; shared by the cache and the passage around it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "stratus/base/clock.hpp"
#include "stratus/base/digest.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/update/pacing.hpp"

namespace stratus::gateway {

// The end of a blob that nobody gets before the whole was verified: nobody ever completes a corrupt one.
inline constexpr std::uint64_t kWithheld = 16u << 10;

inline std::uint64_t released_before_verification(std::uint64_t total) {
  return total - std::min(total, kWithheld);
}

// Between attempts at an upstream that breaks off.
inline constexpr update::BackOff kTransferPause{Millis(50), Millis(5'000)};
inline constexpr unsigned kFruitlessAttempts = 10;  // in a row, once something came
inline constexpr unsigned kFirstAttempts = 4;       // before anything came

std::string blob_target(const std::string& name, const Digest& digest);

// As the server answers: a device pays for every byte of a head, so only HEAD says what it knows anyway.
net::ResponseHead blob_head(const net::RequestHead& request, const Digest& digest);
// Adds what a partial answer needs.
void make_partial(net::ResponseHead& head, const net::ByteRange& range, std::uint64_t total);
net::Task<Result<void>> respond_unsatisfiable(net::Exchange& exchange, std::uint64_t total);

}  // namespace stratus::gateway
