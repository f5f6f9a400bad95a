// The schema of the catalogue, as numbered steps. A step that was released is never edited: the next change
// is a new step. `kSchema` is the newest schema in one piece, for reading; a test compares the two.
#pragma once

#include <span>
#include <string_view>

namespace stratus::db {

struct Migration {
  int number;
  std::string_view sql;
};

std::span<const Migration> migrations();

extern const std::string_view kSchema;

}  // namespace stratus::db
