// Brings a database to the newest schema.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/connection.hpp"
#include "stratus/db/migrations.hpp"

namespace stratus::db {

// Every step that the database does not name as done, in the order of their numbers, each in its own
// transaction together with the note that it is done: cut off anywhere, the next start goes on. `conflict`:
// the database knows a step that this program does not, so a newer program made it. `internal`: two steps
// have one number; nothing was changed.
Result<void> migrate(Connection& connection);
Result<void> migrate(Connection& connection, std::span<const Vertical* const> verticals);

// The statements of a text, each ending with ";" at the end of its line; %AUTO_KEY% becomes the engine's
// type for a growing whole-number key.
std::vector<std::string> statements_of(std::string_view sql, Engine engine);

}  // namespace stratus::db
