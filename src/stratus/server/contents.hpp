// Display content (B1–B5, B40–B42, B73): a title, a picture for people and the binary that the screen takes.
// Kept as OCI artifacts in the repository "content" under the tag of their id. Runs on the loop.
#pragma once

#include "stratus/server/files.hpp"
#include "stratus/store/garbage.hpp"

namespace stratus::server {

class ContentApi {
 public:
  using Answer = net::Task<Result<void>>;

  // All must outlive it.
  ContentApi(Files& files, store::RepositoryStore& repositories, db::Database& database,
             net::WorkerPool& reads, net::WorkerPool& writes)
      : files_(files), repositories_(repositories), database_(database), reads_(reads), writes_(writes) {}

  void register_routes(Router& router);
  // What the collector must keep. Blocks.
  Result<std::vector<store::GarbageRoot>> roots() const;

 private:
  Answer add(Call& call);
  Answer list(Call& call);
  Answer show(Call& call);
  Answer change(Call& call);
  Answer remove(Call& call);
  Answer link(Call& call);
  net::Task<Result<db::Content>> find(std::string id);

  Files& files_;
  store::RepositoryStore& repositories_;
  db::Database& database_;
  net::WorkerPool& reads_;
  net::WorkerPool& writes_;
};

}  // namespace stratus::server
