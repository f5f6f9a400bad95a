// What people's routes read from strangers: cursors, cookies, lines of an audit export.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "stratus/server/cursor.hpp"
#include "stratus/server/request_text.hpp"
#include "stratus/wire/audit_entry.hpp"

namespace {

using namespace stratus;  // NOLINT: a fuzz target

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (std::size_t count = 0; count < 4; ++count) {
    const auto parts = server::decode_cursor(text, count);
    if (!parts) continue;
    require(parts->size() == count);
    const auto again = server::decode_cursor(server::encode_cursor(*parts), count);
    require(again && *again == *parts);
  }
  require(server::cookie_value(text, "session").size() < text.size() + 1);
  (void)server::without_port(text);
  const auto words = server::split_words(text);
  require(server::split_words(server::join_words(words)) == words);
  if (const auto entry = wire::parse_audit_entry(text)) {
    const auto again = wire::parse_audit_entry(wire::encode_audit_entry(*entry));
    require(again && wire::audit_hash_text("h", *again) == wire::audit_hash_text("h", *entry));
  }
  return 0;
}
