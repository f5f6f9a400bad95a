// What SQLite's result codes mean in ours.
#pragma once

#include "stratus/base/result.hpp"

namespace stratus::db {

ErrorCode code_of_sqlite(int extended_code);

}  // namespace stratus::db
