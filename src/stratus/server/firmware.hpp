// Firmware (B1–B5, B70, C13, C15, D18): versions of a name, each one file, kept as OCI artifacts in the
// repository "firmware/NAME" under the tag of their version. api/paths/artifacts.yaml. Runs on the loop.
#pragma once

#include "stratus/server/files.hpp"
#include "stratus/store/garbage.hpp"

namespace stratus {
class ObjectReader;
}

namespace stratus::server {

class FirmwareApi {
 public:
  using Answer = net::Task<Result<void>>;

  // All must outlive it.
  FirmwareApi(Files& files, store::RepositoryStore& repositories, db::Database& database,
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
  // The routes that the source names (C15): the same things by file name and version.
  Answer alias_upload(Call& call);
  Answer alias_add(Call& call);
  Answer alias_list(Call& call);
  Answer alias_link(Call& call);

  using Description = std::function<std::string(const db::Firmware&)>;  // JSON
  struct Part {  // beside the firmware (firmware_parts.hpp)
    std::string kind, upload;
  };
  Answer store(Call& call, db::Firmware firmware, std::string upload_id, std::vector<Part> parts,
               Description description);
  static std::vector<Part> read_parts(ObjectReader& reader);
  net::Task<Result<db::Firmware>> find(std::string id);
  Answer respond_link(Call& call, const db::Firmware& firmware);

  Files& files_;
  store::RepositoryStore& repositories_;
  db::Database& database_;
  net::WorkerPool& reads_;
  net::WorkerPool& writes_;
};

}  // namespace stratus::server
