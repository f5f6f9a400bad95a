// Reading the head of an upstream's answer with (the rest of) a blob, believing nothing. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "stratus/base/result.hpp"
#include "stratus/net/http_message.hpp"

namespace stratus::gateway {

struct PartHead {
  std::uint64_t total = 0;  // bytes of the whole blob
  std::uint64_t skip = 0;   // bytes at the start of this body that came before already
};

// The answer to "bytes=`from`-…" (or to no Range when `from` is 0). `corrupt` when status, Content-Range and
// Content-Length do not fit each other, the question or the total learnt before.
Result<PartHead> read_part_head(int status, const net::Headers& headers, std::uint64_t from,
                                std::optional<std::uint64_t> known_total);

// The total in the Content-Range "bytes */N" of a 416.
std::optional<std::uint64_t> total_of_unsatisfiable(const net::Headers& headers);

}  // namespace stratus::gateway
