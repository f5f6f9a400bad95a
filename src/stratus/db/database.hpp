// The database port: SQLite (default, a file) or PostgreSQL 15, the same SQL text for both.
//
// SQL is the portable subset: `$1, $2, …` for values, upsert with RETURNING, UPDATE … FROM, window functions,
// recursive CTE, row values, partial indexes, BIGINT/TEXT/BYTEA/BOOLEAN/DOUBLE PRECISION. Not portable:
// ILIKE, MAX(a, b), GREATEST, = ANY, STRING_AGG, SKIP LOCKED, JSON operators, `::` casts. Statements are
// prepared once per connection and cached by their text, so values never become part of the text.
//
// Writes are works handed to one writer thread, which commits whatever waits in one transaction (group
// commit); a work that fails undoes only itself. `done` is called only after the commit is durable. Reads
// use their own connections and never wait for the writer (SQLite: WAL).
//
// A lost PostgreSQL, a full disk and the like answer with their error until they pass; the connection comes
// back by itself, and `state` says what is wrong meanwhile.
//
// Errors: a broken unique key or foreign key `conflict`; other broken constraints and values that do not fit
// `invalid`; disk full `no_space`; no connection, a full queue, a lost race of two servers `unavailable`;
// a database of a newer program `conflict`. `unavailable` to a write can mean that it was done all the same
// (the connection broke during the commit): writes that may be repeated are written idempotently.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/result.hpp"
#include "stratus/db/value.hpp"

namespace stratus::db {

enum class Engine : std::uint8_t { sqlite, postgres };

using Values = std::span<const Value>;

// Whatever runs one statement and answers its rows.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual Result<Rows> run(std::string_view sql, Values values) = 0;
  virtual Engine engine() const = 0;

  Result<Rows> query(std::string_view sql, std::initializer_list<Value> values = {}) {
    return run(sql, Values(values.begin(), values.size()));
  }
};

// What a bulk insert does with a row whose key is there already: refuse (no key), keep the old one (nothing
// to update), or take the named columns of the new one. Two rows of one call with the same key: the last
// counts.
struct OnConflict {
  std::vector<std::string_view> key;
  std::vector<std::string_view> update;
  std::string_view where = {};  // update only then; `excluded.x` is the new row's, `table.x` the old one's
};

// One unit of work inside a commit; valid during the call it is handed to. After a statement failed the work
// must fail too (PostgreSQL refuses everything after it).
class Transaction : public Reader {
 public:
  Result<Rows> run(std::string_view sql, std::initializer_list<Value> values = {}) {
    return run(sql, Values(values.begin(), values.size()));
  }
  Result<Rows> run(std::string_view sql, Values values) override = 0;
  // `values` row after row, columns.size() each. Any number of rows. The quickest way in.
  virtual Result<void> bulk_insert(std::string_view table, const std::vector<std::string_view>& columns,
                                   Values values, const OnConflict& conflict = {}) = 0;
};

struct DatabaseOptions {
  std::size_t queue = 50'000;  // writes waiting; beyond it a write answers `unavailable` at once
  unsigned readers = 3;        // connections for reading, made when needed
  bool migrate = true;         // bring the schema up to date while opening
};

struct DatabaseState {
  bool ok = true;
  std::string detail;  // for people: what is wrong, "" when nothing
};

class Database : public Reader {
 public:
  using Work = std::function<Result<void>(Transaction&)>;
  using Done = std::function<void(Result<void>)>;

  // "postgresql://…" or the path of an SQLite file. Blocks; brings the schema up to date.
  static Result<std::unique_ptr<Database>> open(std::string_view url, DatabaseOptions options);
  ~Database() override = default;  // writes what is queued; nobody may call meanwhile

  // One statement on a reading connection; blocks; any thread.
  using Reader::query;
  // Several statements that see one state of the database. `work` must only read.
  virtual Result<void> read(const std::function<Result<void>(Reader&)>& work) = 0;

  // `done` runs on the writer's thread and must be short; it runs in the caller when the queue is full.
  virtual void write(Work work, Done done) = 0;
  // Blocks until durable. Not on the loop, not inside a work or a `done`.
  Result<void> write_now(const Work& work);

  virtual DatabaseState state() const = 0;
};

}  // namespace stratus::db
