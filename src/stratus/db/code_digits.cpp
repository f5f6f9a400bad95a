#include "stratus/db/code_digits.hpp"

namespace stratus::db {

Result<void> note_code_digits(Transaction& transaction, std::string_view id, std::int64_t digits) {
  STRATUS_CHECK(transaction.run("UPDATE registration_codes SET digits = $2 WHERE id = $1", {id, digits}));
  return {};
}

Result<std::int64_t> count_open_codes_of(Reader& reader, std::int64_t now_ms, std::int64_t digits) {
  STRATUS_TRY(rows,
              reader.query("SELECT COUNT(*) FROM registration_codes WHERE used_ms = 0 AND expires_ms > $1 "
                           "AND digits IN (0, $2)",
                           {now_ms, digits}));
  return rows[0].integer(0);
}

}  // namespace stratus::db
