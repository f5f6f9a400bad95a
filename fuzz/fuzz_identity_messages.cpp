// What devices and gateways hear and say about identity: arbitrary bytes are refused or read, never more.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "stratus/wire/enrolment.hpp"
#include "stratus/wire/revocations.hpp"

using namespace stratus;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto parsed = wire::parse_revocations(text)) {
    const auto again = wire::parse_revocations(wire::encode_revocations(*parsed));
    if (!again || again->devices != parsed->devices || again->required != parsed->required) std::abort();
  }
  if (const auto parsed = wire::parse_renew_request(text)) {
    const auto again = wire::parse_renew_request(wire::encode_renew_request(*parsed));
    if (!again || again->signature != parsed->signature) std::abort();
  }
  if (const auto parsed = wire::parse_enrol_request(text)) {
    if (!wire::parse_enrol_request(wire::encode_enrol_request(*parsed))) std::abort();
  }
  (void)wire::parse_enrol_reply(text);
  return 0;
}
