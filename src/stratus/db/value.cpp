#include "stratus/db/value.hpp"

#include <charconv>
#include <stdexcept>

#include <fmt/format.h>

namespace stratus::db {

const Value& Row::operator[](std::size_t column) const {
  if (column >= columns_) std::abort();  // the statement and its reader disagree
  return values_[column];
}

std::int64_t Row::integer(std::size_t column) const {
  const Value& value = (*this)[column];
  if (const auto* const integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* const real = std::get_if<double>(&value)) return static_cast<std::int64_t>(*real);
  std::int64_t number = 0;
  if (const auto* const text = std::get_if<std::string>(&value)) {
    std::from_chars(text->data(), text->data() + text->size(), number);
  }
  return number;
}

double Row::real(std::size_t column) const {
  const Value& value = (*this)[column];
  if (const auto* const real = std::get_if<double>(&value)) return *real;
  return static_cast<double>(integer(column));
}

std::string Row::text(std::size_t column) const {
  const Value& value = (*this)[column];
  if (const auto* const text = std::get_if<std::string>(&value)) return *text;
  if (const auto* const integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* const real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  return {};
}

Bytes Row::bytes(std::size_t column) const {
  const Value& value = (*this)[column];
  if (const auto* const bytes = std::get_if<Bytes>(&value)) return *bytes;
  return {};
}

}  // namespace stratus::db
