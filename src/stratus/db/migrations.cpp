#include "stratus/db/migrations.hpp"

#include <array>

namespace stratus::db {

std::span<const Vertical* const> verticals() {
  static constexpr std::array kAll{
      &kCatalogueSchema,  // 1, 2
      &kInventorySchema,  // 3
      &kPeopleSchema,     // 4
      &kIdentitySchema,   // 5
      &kAnswerSchema,     // 17
      &kDigitsSchema,     // 20
      &kRolloutSchema,    // 6
      &kSpecSchema,       // 16
      &kTelemetrySchema,  // 8
      &kArtifactSchema,   // 7
      &kFleetSchema,      // 9
      &kConsoleSchema,    // 10
      &kRetentionSchema,  // 12
      &kSeriesSchema,     // 14
      &kScanSchema,       // 15
      &kQuestionSchema,   // 18
      &kPrunedSchema,     // 19
  };
  return kAll;
}

}  // namespace stratus::db
