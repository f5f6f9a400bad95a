// The devices that rollouts choose from: the port, and its database. Blocks; on a pool.
#pragma once

#include <string>
#include <vector>

#include "stratus/db/database.hpp"
#include "stratus/rollout/plan.hpp"

namespace stratus::server {

class Fleet {
 public:
  virtual ~Fleet() = default;
  // Everybody whom the targets name; named devices that do not exist as unknown ones. `invalid`: a filter
  // that cannot be read; `not_found`: a group or region that does not exist.
  virtual Result<std::vector<rollout::Candidate>> resolve(const rollout::Targets& targets) = 0;
};

class DatabaseFleet final : public Fleet {
 public:
  explicit DatabaseFleet(db::Database& database) : database_(database) {}
  Result<std::vector<rollout::Candidate>> resolve(const rollout::Targets& targets) override;

 private:
  db::Database& database_;
};

// Fills in through which gateway each was heard last. Blocks.
Result<void> add_gateways(db::Reader& reader, std::vector<rollout::Candidate>& candidates);

// Local time minus UTC in minutes, of an offset ("+09:00") or an IANA name ("Asia/Seoul", from the system's
// time zone files); 0 for what is neither. Any thread.
int offset_of_zone(const std::string& zone, std::int64_t utc_ms);

}  // namespace stratus::server
