// How long a registration code is: the hash does not tell.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

// 0: made before this was kept.
constexpr std::string_view kColumn = R"sql(
ALTER TABLE registration_codes ADD COLUMN digits BIGINT NOT NULL DEFAULT 0;
)sql";

constexpr std::array<Migration, 1> kSteps{{{20, kColumn}}};

}  // namespace

const Vertical kDigitsSchema{"code_digits", kSteps, kColumn};

}  // namespace stratus::db
