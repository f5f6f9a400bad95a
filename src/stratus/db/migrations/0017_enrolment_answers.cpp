// What a used registration code was answered with, for who lost that answer.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kColumn = R"sql(
ALTER TABLE registration_codes ADD COLUMN certificate TEXT NOT NULL DEFAULT '';
)sql";

constexpr std::array<Migration, 1> kSteps{{{17, kColumn}}};

}  // namespace

const Vertical kAnswerSchema{"enrolment_answers", kSteps, kColumn};

}  // namespace stratus::db
