// What measurements.cpp reads with, for the test that looks whether the index is used.
// $1 piece, $2 device, $3 from, $4 to, $5 kind, $6 limit, $7 the id after which rows of $3 count, $8 last
// piece.
#pragma once

#include <string_view>

namespace stratus::db {

inline constexpr std::string_view kOnePiece =
    "SELECT m.id, m.kind, m.time_ms, m.received_ms, m.body FROM measurements m WHERE m.id / 65536 = $1 AND "
    "m.device = $2 AND m.time_ms >= $3 AND m.time_ms <= $4 AND ($5 = '' OR m.kind = $5) "
    "AND (m.time_ms, m.id) > ($3, $7) ORDER BY m.time_ms, m.id LIMIT $6";
// The + keeps SQLite from giving the number a type that the index has not.
inline constexpr std::string_view kSeveralPieces =
    "WITH RECURSIVE piece (n) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT n + 1 FROM piece WHERE n < $8) "
    "SELECT m.id, m.kind, m.time_ms, m.received_ms, m.body FROM piece CROSS JOIN measurements m WHERE "
    "m.id / 65536 = +piece.n AND m.device = $2 AND m.time_ms >= $3 AND m.time_ms <= $4 AND "
    "($5 = '' OR m.kind = $5) AND (m.time_ms, m.id) > ($3, $7) ORDER BY m.time_ms, m.id LIMIT $6";

}  // namespace stratus::db
