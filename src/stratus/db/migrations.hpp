// The schema, as numbered steps. A vertical (inventory, people, …) has one file migrations/NNNN_name.cpp with
// its steps and its newest schema in one piece, for reading; a test builds both and compares.
// A step that was released is never edited: the next change is a new step with a number of its own.
//
// One text for both engines: each statement ends with ";" at the end of a line; %AUTO_KEY% is the engine's
// primary key that counts by itself.
#pragma once

#include <span>
#include <string_view>

namespace stratus::db {

struct Migration {
  int number;
  std::string_view sql;
  // The table that it moves rows out of, if any: on PostgreSQL nobody writes there from before the first row
  // is read. Another server may still run, and what it added meanwhile would be lost.
  std::string_view moved_table = {};
};

struct Vertical {
  std::string_view name;
  std::span<const Migration> steps;
  // The tables and indexes of this vertical as they are now. What a later vertical adds to an earlier one's
  // table stands in the later one's text, as ALTER TABLE.
  std::string_view schema;
};

extern const Vertical kCatalogueSchema;  // 1, 2: issue 2's tables
extern const Vertical kInventorySchema;  // 3
extern const Vertical kPeopleSchema;     // 4
extern const Vertical kRolloutSchema;    // 6
extern const Vertical kSpecSchema;       // 16: what was asked of rollouts
extern const Vertical kTelemetrySchema;  // 8: what devices say
extern const Vertical kArtifactSchema;   // 7
extern const Vertical kIdentitySchema;   // 5: certificates, revocations, registration codes
extern const Vertical kAnswerSchema;     // 17: what codes were answered with
extern const Vertical kDigitsSchema;     // 20: how long codes are
extern const Vertical kFleetSchema;      // 9: sums, gateways
extern const Vertical kConsoleSchema;    // 10: saved views, a gateway's parent
extern const Vertical kRetentionSchema;  // 12: how long things are kept
extern const Vertical kSeriesSchema;     // 14: measurements as they come
extern const Vertical kScanSchema;       // 15: the index of searches in order of the devices
extern const Vertical kQuestionSchema;   // 18: what else searches ask
extern const Vertical kPrunedSchema;     // 19: sums that outlive their history

// All of them; `migrate` orders their steps by number.
std::span<const Vertical* const> verticals();

}  // namespace stratus::db
