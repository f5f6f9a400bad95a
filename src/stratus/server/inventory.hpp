// The routes of regions, groups, saved filters and devices (api/paths/inventory.yaml).
#pragma once

#include "stratus/db/devices.hpp"
#include "stratus/net/bounded_pool.hpp"
#include "stratus/server/changes.hpp"
#include "stratus/server/router.hpp"
#include "stratus/server/sightings.hpp"

namespace stratus::server {

// All must outlive it. On the loop; single things are read on `pool`, lists on `lists`.
class Inventory {
 public:
  Inventory(db::Database& database, net::WorkerPool& pool, net::BoundedPool& lists, Sightings& sightings)
      : database_(database), pool_(pool), lists_(lists), sightings_(sightings) {}

  void register_routes(Router& router);

 private:
  using Answer = net::Task<Result<void>>;

  Answer list_places(Call& call, db::PlaceKind kind);
  Answer get_place(Call& call, db::PlaceKind kind);
  Answer create_place(Call& call, db::PlaceKind kind);
  Answer change_place(Call& call, db::PlaceKind kind);
  Answer remove_place(Call& call, db::PlaceKind kind);

  Answer list_filters(Call& call);
  Answer get_filter(Call& call);
  Answer create_filter(Call& call);
  Answer change_filter(Call& call);
  Answer remove_filter(Call& call);

  Answer list_devices(Call& call);
  Answer get_device(Call& call);
  Answer create_device(Call& call);
  Answer change_device(Call& call);
  Answer remove_device(Call& call);
  Answer count_devices(Call& call);
  Answer firmware_history(Call& call);
  Answer contents(Call& call);

  // The audit entry and the event of a change; `body` is what the thing is now.
  static Result<void> tell(Change& change, std::string_view noun, std::string_view verb,
                           const std::string& id, const std::string& body);
  void register_places(Router& router, db::PlaceKind kind, const std::string& base);

  db::Database& database_;
  net::WorkerPool& pool_;
  net::BoundedPool& lists_;
  Sightings& sightings_;
};

}  // namespace stratus::server
