// SQL text for bulk inserts, and the rows that count when a key comes twice. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/database.hpp"

namespace stratus::db {

// INSERT of `rows` rows with values $1 … in row order, with its ON CONFLICT clause.
std::string bulk_insert_sql(std::string_view table, const std::vector<std::string_view>& columns,
                            std::size_t rows, const OnConflict& conflict);

// PostgreSQL refuses a statement that updates one row twice: the numbers of the rows to send, of each key
// only the last, in order. `invalid` when the values do not make whole rows or a key is no column.
Result<std::vector<std::size_t>> rows_that_count(const std::vector<std::string_view>& columns, Values values,
                                                 const OnConflict& conflict);

}  // namespace stratus::db
