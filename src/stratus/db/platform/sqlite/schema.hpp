// Brings a database to the newest schema.
#pragma once

#include "stratus/db/platform/sqlite/connection.hpp"

namespace stratus::db {

// Each missing step in its own transaction. `conflict`: the database was made by a newer program.
Result<void> migrate(Connection& connection);

}  // namespace stratus::db
