// Byte streams between modules: a source is pulled, a sink is pushed. Blocking, single-threaded.
#pragma once

#include <functional>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus {

// Takes all bytes or fails; after a failure it is not called again. The view is valid during the call only.
using ByteSink = std::function<Result<void>(BytesView)>;

// Fills up to `into.size()` bytes and answers how many; 0 means the end.
using ByteSource = std::function<Result<std::size_t>(std::span<std::uint8_t> into)>;

}  // namespace stratus
