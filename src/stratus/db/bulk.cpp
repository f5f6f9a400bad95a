#include "stratus/db/bulk.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace stratus::db {
namespace {

// A text that is equal exactly when the values are.
void append_key(std::string& key, const Value& value) {
  key += static_cast<char>('0' + value.index());
  if (const auto* const integer = std::get_if<std::int64_t>(&value)) {
    key += std::to_string(*integer);
  } else if (const auto* const real = std::get_if<double>(&value)) {
    key += fmt::format("{}", *real);
  } else if (const auto* const text = std::get_if<std::string>(&value)) {
    key += fmt::format("{}:{}", text->size(), *text);
  } else if (const auto* const bytes = std::get_if<Bytes>(&value)) {
    key += fmt::format("{}:{}", bytes->size(), as_text(*bytes));
  }
  key += ',';
}

}  // namespace

std::string bulk_insert_sql(std::string_view table, const std::vector<std::string_view>& columns,
                            std::size_t rows, const OnConflict& conflict) {
  std::string sql = fmt::format("INSERT INTO {} ({}) VALUES ", table, fmt::join(columns, ", "));
  std::size_t number = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    sql += row == 0 ? "(" : ", (";
    for (std::size_t column = 0; column < columns.size(); ++column) {
      sql += fmt::format("{}${}", column == 0 ? "" : ", ", ++number);
    }
    sql += ')';
  }
  if (conflict.key.empty()) return sql;
  sql += fmt::format(" ON CONFLICT ({}) DO ", fmt::join(conflict.key, ", "));
  if (conflict.update.empty()) return sql + "NOTHING";
  sql += "UPDATE SET ";
  for (std::size_t i = 0; i < conflict.update.size(); ++i) {
    sql += fmt::format("{}{} = excluded.{}", i == 0 ? "" : ", ", conflict.update[i], conflict.update[i]);
  }
  if (!conflict.where.empty()) sql += fmt::format(" WHERE {}", conflict.where);
  return sql;
}

Result<std::vector<std::size_t>> rows_that_count(const std::vector<std::string_view>& columns, Values values,
                                                 const OnConflict& conflict) {
  if (columns.empty() || values.size() % columns.size() != 0) {
    return fail(ErrorCode::invalid, fmt::format("database: {} values do not fill rows of {} columns",
                                                values.size(), columns.size()));
  }
  const std::size_t rows = values.size() / columns.size();
  std::vector<std::size_t> keys;
  for (const std::string_view name : conflict.key) {
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found == columns.end()) {
      return fail(ErrorCode::invalid, fmt::format("database: key {} is no column of the insert", name));
    }
    keys.push_back(static_cast<std::size_t>(found - columns.begin()));
  }
  std::vector<std::size_t> chosen;
  chosen.reserve(rows);
  if (conflict.update.empty()) {
    for (std::size_t row = 0; row < rows; ++row) chosen.push_back(row);
    return chosen;
  }
  std::unordered_map<std::string, std::size_t> last;
  std::vector<const std::size_t*> winners;
  for (std::size_t row = 0; row < rows; ++row) {
    std::string key;
    for (const std::size_t column : keys) append_key(key, values[row * columns.size() + column]);
    std::size_t& winner = last[std::move(key)];
    winner = row;
    winners.push_back(&winner);
  }
  for (std::size_t row = 0; row < rows; ++row) {
    if (*winners[row] == row) chosen.push_back(row);
  }
  return chosen;
}

}  // namespace stratus::db
