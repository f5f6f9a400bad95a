// What goes into a statement and what comes out: values, rows. Both engines give the same kinds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "stratus/base/bytes.hpp"

namespace stratus::db {

// NULL, whole number (also BOOLEAN: 0 or 1), real, text (UTF-8 without NUL bytes), bytes (BYTEA).
struct Value : std::variant<std::monostate, std::int64_t, double, std::string, Bytes> {
  using variant::variant;
  Value(std::string_view text) : variant(std::string(text)) {}  // NOLINT: texts come as views everywhere
  bool is_null() const { return index() == 0; }
};

// One row, valid while its Rows live. A column beyond the last is a programming fault.
class Row {
 public:
  Row(const Value* values, std::size_t columns) : values_(values), columns_(columns) {}

  std::size_t size() const { return columns_; }
  const Value& operator[](std::size_t column) const;
  bool is_null(std::size_t column) const { return (*this)[column].is_null(); }
  // Each converts what the column holds; 0, 0.0, false, "" and no bytes for NULL.
  std::int64_t integer(std::size_t column) const;
  double real(std::size_t column) const;
  bool boolean(std::size_t column) const { return integer(column) != 0; }
  std::string text(std::size_t column) const;
  Bytes bytes(std::size_t column) const;

 private:
  const Value* values_;
  std::size_t columns_;
};

// The whole answer of one statement. At most kMaxValues values: a statement names its own LIMIT; one that
// does not and finds more fails with `no_space`.
class Rows {
 public:
  static constexpr std::size_t kMaxValues = 4'000'000;

  Rows() = default;
  Rows(std::size_t columns, std::vector<Value> values, std::int64_t affected)
      : columns_(columns), affected_(affected), values_(std::move(values)) {}

  std::size_t size() const { return columns_ == 0 ? 0 : values_.size() / columns_; }
  bool empty() const { return values_.empty(); }
  Row operator[](std::size_t row) const { return {values_.data() + row * columns_, columns_}; }
  // How many rows an INSERT, UPDATE or DELETE changed.
  std::int64_t affected() const { return affected_; }

  class Iterator {
   public:
    Iterator(const Rows* rows, std::size_t index) : rows_(rows), index_(index) {}
    Row operator*() const { return (*rows_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const Rows* rows_;
    std::size_t index_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

 private:
  std::size_t columns_ = 0;
  std::int64_t affected_ = 0;
  std::vector<Value> values_;
};

}  // namespace stratus::db
