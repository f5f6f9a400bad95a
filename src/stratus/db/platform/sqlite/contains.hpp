// The SQL function holds_folded(text, needle): whether `needle`, which has no letters A-Z, is part of `text`
// with A-Z taken as a-z. For lists that no index answers: it is asked for each device.
#pragma once

struct sqlite3;

namespace stratus::db {

bool add_contains(sqlite3* handle);

}  // namespace stratus::db
