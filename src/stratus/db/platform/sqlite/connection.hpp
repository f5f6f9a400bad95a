// A thin owner of one SQLite connection: prepared statements are cached by their text, errors become Result.
// One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "stratus/base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace stratus::db {

using Value = std::variant<std::int64_t, std::string_view>;

// The current row of a query; valid during the visit.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  std::int64_t integer(int column) const;
  std::string text(int column) const;  // "" for NULL

 private:
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  // WAL; `read_only` connections never wait for the writer.
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& path, bool read_only);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Several statements, no parameters.
  Result<void> script(const std::string& sql);
  // Parameters are $1, $2, … in order. Answers how many rows changed.
  Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Value> values = {});
  Result<void> query(std::string_view sql, std::initializer_list<Value> values,
                     const std::function<void(const Row&)>& visit);

 private:
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  Result<sqlite3_stmt*> prepare(std::string_view sql, std::initializer_list<Value> values);
  Error error(std::string_view what) const;

  sqlite3* handle_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace stratus::db
