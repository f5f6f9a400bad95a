// What devices sign and send about updates: refused, or the same after a round trip.
#include <cstdlib>
#include <string_view>

#include "stratus/wire/report.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::wire;  // NOLINT: a fuzz target
  const auto report = parse_report({reinterpret_cast<const char*>(data), size});
  if (!report) return 0;
  const std::string once = encode_report(*report);
  const auto again = parse_report(once);
  if (!again || encode_report(*again) != once) std::abort();
  if (!is_device_id(report->device) || report->sequence > DeviceReport::kMaxNumber) std::abort();
  return 0;
}
