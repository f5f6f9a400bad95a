#include "stratus/db/platform/sqlite/errors.hpp"

#include <sqlite3.h>

namespace stratus::db {

ErrorCode code_of_sqlite(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_CHECK:
    case SQLITE_CONSTRAINT_NOTNULL:
    case SQLITE_CONSTRAINT_DATATYPE:
      return ErrorCode::invalid;
    default:
      break;
  }
  switch (extended_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return ErrorCode::no_space;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::corrupt;
    case SQLITE_CONSTRAINT:
      return ErrorCode::conflict;
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
      return ErrorCode::invalid;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      return ErrorCode::unavailable;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorCode::denied;
    default:
      return ErrorCode::internal;
  }
}

}  // namespace stratus::db
