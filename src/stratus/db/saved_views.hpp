// Views of lists that people saved for themselves. Blocks; errors as in database.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/database.hpp"

namespace stratus::db {

inline constexpr std::int64_t kMostViews = 200;  // of one owner

struct SavedView {
  std::string page;   // "devices", …
  std::string name;   // for people
  std::string query;  // of the page's address
  std::int64_t changed_ms = 0;
};
// By page and name.
Result<std::vector<SavedView>> saved_views(Reader& reader, std::string_view owner);
// Adds or replaces. `conflict` (reason too_many) beyond kMostViews.
Result<void> put_view(Transaction& transaction, std::string_view owner, const SavedView& view);
Result<void> remove_view(Transaction& transaction, std::string_view owner, std::string_view page,
                         std::string_view name);  // `not_found`
Result<void> forget_views(Transaction& transaction, std::string_view owner);

}  // namespace stratus::db
