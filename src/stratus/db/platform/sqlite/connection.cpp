#include "stratus/db/platform/sqlite/connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace stratus::db {
namespace {

ErrorCode code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return ErrorCode::no_space;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::corrupt;
    case SQLITE_CONSTRAINT:
      return ErrorCode::conflict;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
      return ErrorCode::unavailable;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorCode::denied;
    default:
      return ErrorCode::internal;
  }
}

}  // namespace

std::int64_t Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Row::text(int column) const {
  const unsigned char* const text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& path, bool read_only) {
  sqlite3* handle = nullptr;
  const int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Connection> connection(new Connection(handle));
  if (code != SQLITE_OK) return fail(connection->error("open " + path.string()));
  sqlite3_busy_timeout(handle, 10'000);
  // FULL: a commit that was answered is on the disk, also in WAL mode.
  const std::string setup = read_only ? "PRAGMA foreign_keys=ON"
                                      : "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                                        "PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=67108864";
  STRATUS_CHECK(connection->script(setup).with_context("open " + path.string()));
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Error Connection::error(std::string_view what) const {
  if (handle_ == nullptr) return Error(ErrorCode::no_space, fmt::format("{}: out of memory", what));
  return Error(code_of(sqlite3_errcode(handle_)), fmt::format("{}: {}", what, sqlite3_errmsg(handle_)));
}

Result<void> Connection::script(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return fail(error("database"));
  }
  return {};
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql, std::initializer_list<Value> values) {
  sqlite3_stmt*& statement = statements_[std::string(sql)];
  if (statement == nullptr &&
      sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK) {
    return fail(error("database: prepare"));
  }
  sqlite3_reset(statement);
  int number = 0;
  for (const Value& value : values) {
    // SQLite takes $1 for a name, so it is bound by name.
    const std::string name = "$" + std::to_string(++number);
    const int index = sqlite3_bind_parameter_index(statement, name.c_str());
    int code = SQLITE_OK;
    if (const std::int64_t* const integer = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, index, *integer);
    } else {
      const std::string_view text = std::get<std::string_view>(value);
      code = sqlite3_bind_text(statement, index, text.data() == nullptr ? "" : text.data(),
                               static_cast<int>(text.size()), SQLITE_TRANSIENT);
    }
    if (code != SQLITE_OK) return fail(error("database: bind " + name));
  }
  return statement;
}

Result<std::int64_t> Connection::execute(std::string_view sql, std::initializer_list<Value> values) {
  STRATUS_TRY(statement, prepare(sql, values));
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) {
    Error failed = error("database");
    sqlite3_reset(statement);
    return fail(std::move(failed));
  }
  sqlite3_reset(statement);
  return sqlite3_changes64(handle_);
}

Result<void> Connection::query(std::string_view sql, std::initializer_list<Value> values,
                               const std::function<void(const Row&)>& visit) {
  STRATUS_TRY(statement, prepare(sql, values));
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) visit(Row(statement));
  if (code != SQLITE_DONE) {
    Error failed = error("database");
    sqlite3_reset(statement);
    return fail(std::move(failed));
  }
  sqlite3_reset(statement);
  return {};
}

}  // namespace stratus::db
