// A list of contents from whoever answers: read without harm, and what is accepted comes back the same.
#include <cstdlib>

#include "stratus/base/bytes.hpp"
#include "stratus/wire/content_order.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto order = stratus::wire::parse_content_order(text);
  if (!order) return 0;
  const std::string once = stratus::wire::encode_content_order(*order);
  const auto again = stratus::wire::parse_content_order(once);
  if (!again || stratus::wire::encode_content_order(*again) != once) std::abort();
  return 0;
}
