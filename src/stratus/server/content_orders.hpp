// What devices are told to show (docs/formats/messages.md, "Contents"): on behalf of a rollout, or, for a
// device that lost its files, what it showed last. Also: which firmware or content a rollout's names mean.
// Runs on the loop.
#pragma once

#include "stratus/server/files.hpp"
#include "stratus/server/identity.hpp"
#include "stratus/server/rollouts.hpp"
#include "stratus/wire/content_order.hpp"

namespace stratus::server {

class ContentOrders {
 public:
  // All must outlive it.
  ContentOrders(Identity& identity, Rollouts& rollouts, Files& files, store::RepositoryStore& repositories,
                db::Database& database, net::WorkerPool& pool)
      : identity_(identity),
        rollouts_(rollouts),
        files_(files),
        repositories_(repositories),
        database_(database),
        pool_(pool) {}

  void register_routes(Router& router);

 private:
  net::Task<Result<void>> next(Call& call);
  Result<wire::ContentItem> item_of(const std::string& id) const;
  // Whether the device's own reports say that it shows just these. Blocks.
  Result<bool> is_shown(const std::string& device, std::vector<std::string> ids) const;
  Result<wire::ContentOrder> order_of(const std::string& device,
                                      const std::optional<AssignedContents>& assigned) const;

  Identity& identity_;
  Rollouts& rollouts_;
  Files& files_;
  store::RepositoryStore& repositories_;
  db::Database& database_;
  net::WorkerPool& pool_;
};

// `not_found`: no such firmware or content. Blocks.
Result<RolloutArtifact> find_rollout_artifact(db::Database& database, const std::string& name,
                                              const std::string& version);

}  // namespace stratus::server
