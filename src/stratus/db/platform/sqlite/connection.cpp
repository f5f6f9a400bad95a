#include "stratus/db/connection.hpp"

#include <unordered_map>

#include <fmt/format.h>
#include <sqlite3.h>

#include "stratus/db/bulk.hpp"
#include "stratus/db/platform/sqlite/contains.hpp"
#include "stratus/db/platform/sqlite/errors.hpp"

namespace stratus::db {
namespace {

constexpr std::size_t kMaxStatements = 256;

// Of the one connection that writes. Its cache holds the pages of a batch, which else go to the log before
// the commit and again with it; it is given back when nothing is written. The log grows to 32 MiB before it
// is written back: what several batches touch is written back once. What a savepoint may have to put back is
// kept in memory: in a file each page of a batch would be written once more.
constexpr std::string_view kWriterSetup =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
    "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=8192; "
    "PRAGMA temp_store=MEMORY";

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(sqlite3* handle) : handle_(handle) {}
  ~SqliteConnection() override {
    forget_statements();
    sqlite3_close(handle_);
  }

  Engine engine() const override { return Engine::sqlite; }
  bool in_transaction() const override { return sqlite3_get_autocommit(handle_) == 0; }

  Error error(std::string_view what) {
    if (handle_ == nullptr) return Error(ErrorCode::no_space, fmt::format("{}: out of memory", what));
    return noted(Error(code_of_sqlite(sqlite3_extended_errcode(handle_)),
                       fmt::format("{}: {}", what, sqlite3_errmsg(handle_))));
  }

  Result<void> script(const std::string& sql) override {
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return fail(error("database"));
  }

  void rest() override { sqlite3_db_release_memory(handle_); }

  using Transaction::run;
  Result<Rows> run(std::string_view sql, Values values) override {
    STRATUS_TRY(statement, prepare(sql));
    STRATUS_CHECK(bind(statement, values));
    const int columns = sqlite3_column_count(statement);
    std::vector<Value> found;
    int code = SQLITE_OK;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      if (found.size() >= Rows::kMaxValues) {
        sqlite3_reset(statement);
        return fail(ErrorCode::no_space, "database: the answer is too large; ask for less at a time");
      }
      for (int column = 0; column < columns; ++column) found.push_back(value_of(statement, column));
    }
    if (code != SQLITE_DONE) return fail(failed_step(statement));
    sqlite3_reset(statement);
    return Rows(static_cast<std::size_t>(columns), std::move(found), sqlite3_changes64(handle_));
  }

  Result<void> bulk_insert(std::string_view table, const std::vector<std::string_view>& columns,
                           Values values, const OnConflict& conflict) override {
    if (columns.empty() || values.size() % columns.size() != 0) {
      return fail(ErrorCode::invalid, "database: the values of a bulk insert do not fill its rows");
    }
    STRATUS_TRY(statement, prepare(bulk_insert_sql(table, columns, 1, conflict)));
    for (std::size_t first = 0; first < values.size(); first += columns.size()) {
      STRATUS_CHECK(bind(statement, values.subspan(first, columns.size())));
      if (sqlite3_step(statement) != SQLITE_DONE) return fail(failed_step(statement));
      sqlite3_reset(statement);
    }
    return {};
  }

 private:
  // SQLite takes $1 for a name and numbers names as they come: the place of "$n" is looked up once.
  struct Statement {
    sqlite3_stmt* handle = nullptr;
    std::vector<int> places;
  };

  static Value value_of(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_INTEGER:
        return std::int64_t{sqlite3_column_int64(statement, column)};
      case SQLITE_FLOAT:
        return sqlite3_column_double(statement, column);
      case SQLITE_TEXT: {
        const unsigned char* const text = sqlite3_column_text(statement, column);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
        return std::string(reinterpret_cast<const char*>(text), size);
      }
      case SQLITE_BLOB: {
        const auto* const data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
        return Bytes(data, data + sqlite3_column_bytes(statement, column));
      }
      default:
        return {};
    }
  }

  Error failed_step(sqlite3_stmt* statement) {
    Error failed = error("database");
    sqlite3_reset(statement);
    return failed;
  }

  void forget_statements() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement.handle);
    statements_.clear();
  }

  Result<sqlite3_stmt*> prepare(std::string_view sql) {
    const auto found = statements_.find(std::string(sql));
    if (found != statements_.end()) {
      current_ = &found->second;
      return current_->handle;
    }
    if (statements_.size() >= kMaxStatements) forget_statements();
    Statement statement;
    const char* rest = nullptr;
    if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &statement.handle, &rest) != SQLITE_OK) {
      return fail(error("database: prepare"));
    }
    const int names = sqlite3_bind_parameter_count(statement.handle);
    for (int number = 1; number <= names; ++number) {
      const int place = sqlite3_bind_parameter_index(statement.handle, fmt::format("${}", number).c_str());
      if (place != 0) statement.places.push_back(place);
    }
    current_ = &statements_.emplace(std::string(sql), std::move(statement)).first->second;
    return current_->handle;
  }

  Result<void> bind(sqlite3_stmt* statement, Values values) {
    if (values.size() != current_->places.size()) {
      return fail(ErrorCode::internal,
                  fmt::format("database: {} values for a statement with {}: {}", values.size(),
                              current_->places.size(), sqlite3_sql(statement)));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (bind_one(statement, current_->places[i], values[i]) != SQLITE_OK) {
        return fail(error("database: bind"));
      }
    }
    return {};
  }

  // Statics: the values outlive the step that uses them.
  static int bind_one(sqlite3_stmt* statement, int place, const Value& value) {
    if (const auto* const integer = std::get_if<std::int64_t>(&value)) {
      return sqlite3_bind_int64(statement, place, *integer);
    }
    if (const auto* const real = std::get_if<double>(&value)) {
      return sqlite3_bind_double(statement, place, *real);
    }
    if (const auto* const text = std::get_if<std::string>(&value)) {
      return sqlite3_bind_text64(statement, place, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    if (const auto* const bytes = std::get_if<Bytes>(&value)) {
      const void* const data = bytes->empty() ? "" : static_cast<const void*>(bytes->data());
      return sqlite3_bind_blob64(statement, place, data, bytes->size(), SQLITE_STATIC);
    }
    return sqlite3_bind_null(statement, place);
  }

  sqlite3* handle_;
  std::unordered_map<std::string, Statement> statements_;
  Statement* current_ = nullptr;  // the one prepared last
};

}  // namespace

Result<std::unique_ptr<Connection>> open_sqlite(const std::string& path, Access access) {
  const bool read_only = access == Access::read_only;
  // Nobody asks SQLite how much memory it holds, and counting takes a lock for each piece.
  static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(uncounted);
  sqlite3* handle = nullptr;
  const int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  auto connection = std::make_unique<SqliteConnection>(handle);
  if (code != SQLITE_OK) return fail(connection->error("open " + path));
  if (!add_contains(handle)) return fail(connection->error("open " + path));
  sqlite3_busy_timeout(handle, 10'000);
  // FULL: a commit that was answered is on the disk, also in WAL mode.
  const std::string setup(read_only ? "PRAGMA foreign_keys=ON" : kWriterSetup);
  STRATUS_CHECK(connection->script(setup).with_context("open " + path));
  return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace stratus::db
