// GET /api/v1/overview: the fleet on one page. It reads whole tables, so an answer is kept and given again
// for ten times as long as making it took, a second at least. Runs on the loop; reading runs on the lists'
// pool.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "stratus/base/metrics.hpp"
#include "stratus/net/bounded_pool.hpp"
#include "stratus/server/overview_json.hpp"
#include "stratus/server/releases.hpp"
#include "stratus/server/router.hpp"
#include "stratus/server/sightings.hpp"

namespace stratus::server {

class Overview {
 public:
  struct Ports {
    db::Database& database;
    store::RepositoryStore& repositories;
    Releases& releases;
    Sightings& sightings;
    net::BoundedPool& lists;
    std::function<std::vector<Alert>()> server_alerts;  // on the loop
    std::chrono::milliseconds certificates_alarm;       // this long before its end an unrenewed one is told
  };
  explicit Overview(Ports ports) : ports_(std::move(ports)) {}

  void register_routes(Router& router);
  // As of the last look; nothing before the first. refresh() looks again unless the last look is fresh.
  void add_metrics(Metrics& metrics) const;
  net::Task<Result<void>> refresh();

 private:
  net::Task<Result<void>> show(Call& call);
  // On the pool; fills in `facts`.
  Result<std::string> read(OverviewFacts& facts);
  void find_sizes(const std::vector<db::UpdateTotal>& totals);

  Ports ports_;
  std::string body_;
  OverviewFacts facts_;
  SteadyTime fresh_until_{};
  std::mutex sizes_mutex_;
  std::map<std::string, std::uint64_t> sizes_;  // by digest; images never change
};

}  // namespace stratus::server
