#include "stratus/db/platform/postgres/errors.hpp"

#include <array>

namespace stratus::db {
namespace {

struct Mapping {
  std::string_view start;  // of the SQLSTATE; the first that matches counts
  ErrorCode code;
};

constexpr std::array<Mapping, 19> kMappings{{
    {"23505", ErrorCode::conflict},  // unique
    {"23503", ErrorCode::conflict},  // foreign key
    {"23P01", ErrorCode::conflict},  // exclusion
    {"23", ErrorCode::invalid},      // check, not null
    {"22", ErrorCode::invalid},      // a value that does not fit its type
    {"53100", ErrorCode::no_space},
    {"53200", ErrorCode::no_space},
    {"53", ErrorCode::unavailable},     // too many connections
    {"54", ErrorCode::no_space},        // too large, too complex
    {"57014", ErrorCode::timeout},      // statement_timeout
    {"57", ErrorCode::unavailable},     // shut down, starting up
    {"55P03", ErrorCode::unavailable},  // lock_timeout
    {"40", ErrorCode::unavailable},     // deadlock, serialization: a lost race
    {"08", ErrorCode::unavailable},
    {"25006", ErrorCode::unavailable},  // read-only: a standby after a fail-over
    {"28", ErrorCode::denied},
    {"42501", ErrorCode::denied},
    {"3D", ErrorCode::not_found},  // no such database
    {"XX00", ErrorCode::corrupt},
}};

}  // namespace

ErrorCode code_of_sqlstate(std::string_view sqlstate) {
  if (sqlstate == "XX000") return ErrorCode::internal;
  for (const Mapping& mapping : kMappings) {
    if (sqlstate.starts_with(mapping.start)) return mapping.code;
  }
  return ErrorCode::internal;
}

}  // namespace stratus::db
