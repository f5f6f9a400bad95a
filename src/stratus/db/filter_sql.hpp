// A filter as a condition on `devices AS d`, its values bound, never spliced. Pure.
#pragma once

#include <string>
#include <vector>

#include "stratus/db/database.hpp"
#include "stratus/db/filter.hpp"

namespace stratus::db {

// A condition that grows, and the values of its $1, $2 ….
//
// SQLite keeps no statistics and would follow the order of an index through the whole table, row by row, for
// conditions that hardly a row meets. `plain()` is put before such a column then ("+" keeps SQLite from using
// the column's index); PostgreSQL knows better by itself.
class Condition {
 public:
  explicit Condition(Engine engine) : engine_(engine) {}

  // Binds the value and answers its "$n".
  std::string bind(Value value);
  void require(const std::string& expression);
  // Ages count back from `now_ms`.
  void require(const Filter& filter, std::int64_t now_ms);

  Engine engine() const { return engine_; }
  std::string_view plain() const { return engine_ == Engine::sqlite ? "+" : ""; }
  // Whether whole-table reading is the best there is for it: no term names rows by an index.
  bool scans() const { return scans_ && !indexed_; }
  // … and the index devices_scan, which is in order of the ids, holds everything that it asks for.
  bool is_narrow() const { return scans() && narrow_; }
  // Whether devices_scan, read in its order, leaves only rows to look up that are likely to pass.
  bool reads_scan() const { return scans() && !scan_.empty() && reason_.empty(); }
  // For that: FROM and WHERE, with what devices_scan can say first.
  std::string scan() const;
  // A condition on d.id that a narrow index answers and that holds wherever the whole one does; "" for none.
  // When few pass, whoever looks there first reads the rows of those few alone.
  std::string narrowed() const;
  const std::string& text() const { return text_; }  // without WHERE; "" for none
  std::string where() const { return text_.empty() ? "" : " WHERE " + text_; }
  Values values() const { return values_; }

 private:
  std::string expression(const FilterTerm& term, std::int64_t now_ms);
  std::string any_of(const std::string& column, const FilterTerm& term);
  std::string holds(const std::string& column, const std::string& needle) const;
  void narrow(const FilterTerm& term, const std::string& expression);
  std::string place(const std::string& column, std::string_view table, const FilterTerm& term);

  Engine engine_;
  bool scans_ = false, indexed_ = false, narrow_ = true;
  std::string text_;
  std::string scan_, reason_;  // what devices_scan and devices_by_reason can say of it
  std::vector<Value> values_;
};

}  // namespace stratus::db
