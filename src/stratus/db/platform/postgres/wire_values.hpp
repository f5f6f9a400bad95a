// Values to and from libpq: parameters as texts (bytes as binary), results by the type of their column.
#pragma once

#include <string>
#include <vector>

#include <libpq-fe.h>

#include "stratus/db/database.hpp"

namespace stratus::db {

// Arrays as PQexecParams wants them; points into `values`, which must live as long.
class Parameters {
 public:
  // `invalid` for a text with a NUL byte, which PostgreSQL cannot hold.
  static Result<Parameters> of(Values values);

  int count() const { return static_cast<int>(pointers_.size()); }
  const char* const* pointers() const { return pointers_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  std::vector<std::string> numbers_;
  std::vector<const char*> pointers_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

Result<Rows> rows_of(const PGresult* result);

}  // namespace stratus::db
