// Orders of people and records of the database: no crash, and what is accepted is written and read again as
// the same.
#include <cstdlib>

#include "stratus/rollout/records.hpp"
#include "stratus/rollout/spec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::rollout;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::int64_t kNow = 1'795'243'153'250;
  if (const auto spec = parse_spec_text(text, kNow)) {
    const std::string once = encode_spec_text(*spec);
    const auto again = parse_spec_text(once, kNow);
    if (!again || encode_spec_text(*again) != once || spec->waves.empty()) std::abort();
  }
  if (const auto header = parse_header(text)) {
    const std::string once = encode_header(*header, {});
    const auto again = parse_header(once);
    if (!again || encode_header(*again, {}) != once) std::abort();
  }
  (void)parse_counts(text);
  (void)parse_before(text);
  return 0;
}
