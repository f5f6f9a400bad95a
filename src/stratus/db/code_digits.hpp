// How long registration codes are. Their hashes do not tell, and a guess hits only codes of its own length.
#pragma once

#include "stratus/db/database.hpp"

namespace stratus::db {

// Of a code that was added in this transaction.
Result<void> note_code_digits(Transaction& transaction, std::string_view id, std::int64_t digits);

// Open codes of that length, and those of which nobody noted it.
Result<std::int64_t> count_open_codes_of(Reader& reader, std::int64_t now_ms, std::int64_t digits);

}  // namespace stratus::db
