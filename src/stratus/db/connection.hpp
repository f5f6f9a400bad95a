// One connection to one engine: the port that platform/sqlite and platform/postgres implement. One thread at
// a time. Only db/ uses it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "stratus/db/database.hpp"

namespace stratus::db {

enum class Access : std::uint8_t { read_only, read_write };

class Connection : public Transaction {
 public:
  // Several statements without values.
  virtual Result<void> script(const std::string& sql) = 0;
  // False after an engine gave the transaction up by itself (SQLite on a full disk).
  virtual bool in_transaction() const = 0;
  // The connection is gone: open another.
  virtual bool is_lost() const { return false; }

  // Nothing was written for a while: gives back what it keeps in memory.
  virtual void rest() {}

  // What was wrong with the database itself (not with a statement) since it was asked last: disk full,
  // connection lost, damaged file. "" when nothing.
  std::string take_trouble() { return std::exchange(trouble_, {}); }

 protected:
  // Hands the error on, keeping its text when the database is at fault.
  Error noted(Error error);

 private:
  std::string trouble_;
};

Result<std::unique_ptr<Connection>> open_sqlite(const std::string& path, Access access);
Result<std::unique_ptr<Connection>> open_postgres(const std::string& url, Access access);

// By what the URL names.
bool is_postgres_url(std::string_view url);
Result<std::unique_ptr<Connection>> open_connection(const std::string& url, Access access);

}  // namespace stratus::db
