#include "stratus/db/platform/sqlite/contains.hpp"

#include <array>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "stratus/db/device_text.hpp"

namespace stratus::db {
namespace {

// As a blob: as a text SQLite would copy it to put a NUL behind.
std::string_view text_of(sqlite3_value* value) {
  const auto* const text = static_cast<const char*>(sqlite3_value_blob(value));
  return {text, text == nullptr ? 0 : static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

bool holds_folded(std::string_view text, std::string_view needle) {
  if (text.size() < needle.size()) return false;
  std::array<char, kMaxSearch> folded;
  if (text.size() > folded.size()) return fold(text).find(needle) != std::string::npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    folded[i] = static_cast<char>(c | (static_cast<unsigned char>(c - 'A') < 26 ? 0x20 : 0));
  }
  return std::string_view(folded.data(), text.size()).find(needle) != std::string_view::npos;
}

void answer(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  sqlite3_result_int(context, holds_folded(text_of(values[0]), text_of(values[1])) ? 1 : 0);
}

}  // namespace

bool add_contains(sqlite3* handle) {
  constexpr int kHow = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  return sqlite3_create_function_v2(handle, "holds_folded", 2, kHow, nullptr, answer, nullptr, nullptr,
                                    nullptr) == SQLITE_OK;
}

}  // namespace stratus::db
