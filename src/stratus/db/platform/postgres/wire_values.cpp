#include "stratus/db/platform/postgres/wire_values.hpp"

#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

namespace stratus::db {
namespace {

// Object ids of pg_type, fixed by PostgreSQL.
enum Type : Oid {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kFloat4 = 700,
  kFloat8 = 701,
  kNumeric = 1700
};

Value number_of(std::string_view text) {
  std::int64_t integer = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return integer;
  return std::strtod(text.data(), nullptr);  // libpq ends every value with a NUL
}

Value value_of(const PGresult* result, int row, int column, Oid type) {
  if (PQgetisnull(result, row, column) != 0) return {};
  const std::string_view text(PQgetvalue(result, row, column),
                              static_cast<std::size_t>(PQgetlength(result, row, column)));
  switch (type) {
    case kBool:
      return std::int64_t{text == "t"};
    case kInt2:
    case kInt4:
    case kInt8:
    case kNumeric:  // SUM of whole numbers is NUMERIC
      return number_of(text);
    case kFloat4:
    case kFloat8:
      return std::strtod(text.data(), nullptr);
    case kBytea: {
      auto bytes = text.starts_with("\\x") ? from_hex(text.substr(2)) : std::nullopt;
      return bytes ? Value(std::move(*bytes)) : Value(std::string(text));
    }
    default:
      return std::string(text);
  }
}

}  // namespace

Result<Parameters> Parameters::of(Values values) {
  Parameters parameters;
  parameters.numbers_.reserve(values.size());  // pointers into it stay
  parameters.pointers_.reserve(values.size());
  for (const Value& value : values) {
    const char* pointer = nullptr;
    std::size_t length = 0;
    int format = 0;
    if (const auto* const text = std::get_if<std::string>(&value)) {
      if (text->find('\0') != std::string::npos) {
        return fail(ErrorCode::invalid, "database: a text must not hold a NUL byte");
      }
      pointer = text->c_str();
    } else if (const auto* const bytes = std::get_if<Bytes>(&value)) {
      pointer = bytes->empty() ? "" : reinterpret_cast<const char*>(bytes->data());
      length = bytes->size();
      format = 1;
    } else if (const auto* const integer = std::get_if<std::int64_t>(&value)) {
      pointer = parameters.numbers_.emplace_back(std::to_string(*integer)).c_str();
    } else if (const auto* const real = std::get_if<double>(&value)) {
      pointer = parameters.numbers_.emplace_back(fmt::format("{}", *real)).c_str();
    }
    parameters.pointers_.push_back(pointer);
    parameters.lengths_.push_back(static_cast<int>(length));
    parameters.formats_.push_back(format);
  }
  return parameters;
}

Result<Rows> rows_of(const PGresult* result) {
  const int rows = PQntuples(result);
  const int columns = PQnfields(result);
  const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  if (count > Rows::kMaxValues) {
    return fail(ErrorCode::no_space, "database: the answer is too large; ask for less at a time");
  }
  std::vector<Value> values;
  values.reserve(count);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      values.push_back(value_of(result, row, column, PQftype(result, column)));
    }
  }
  return Rows(static_cast<std::size_t>(columns), std::move(values),
              std::strtoll(PQcmdTuples(const_cast<PGresult*>(result)), nullptr, 10));
}

}  // namespace stratus::db
