// What gateways say about themselves: refused, or the same after a round trip.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "stratus/wire/gateway_status.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::wire;  // NOLINT: a fuzz target
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto status = parse_gateway_status(text);
  if (!status) return 0;
  const auto again = parse_gateway_status(encode_gateway_status(*status));
  if (!again || encode_gateway_status(*again) != encode_gateway_status(*status)) std::abort();
  return 0;
}
