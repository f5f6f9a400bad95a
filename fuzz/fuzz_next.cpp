// The answer to "what is next for me?" with its signatures: refused, or the same after a round trip.
#include <cstdlib>
#include <string_view>

#include "stratus/wire/next.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::wire;  // NOLINT: a fuzz target
  const auto next = parse_next({reinterpret_cast<const char*>(data), size});
  if (!next) return 0;
  if (next->signatures.size() > NextRelease::kMaxSignatures || next->deltas.size() > NextRelease::kMaxDeltas)
    std::abort();
  const std::string once = encode_next(*next);
  const auto again = parse_next(once);
  if (!again || encode_next(*again) != once) std::abort();
  return 0;
}
