// /api/v1/images: what is stored and registered under each name, what it is made of, who uses it. Runs on the
// loop; reading runs on a pool of its own, because a big layer takes seconds.
#pragma once

#include "stratus/db/catalogue.hpp"
#include "stratus/net/bounded_pool.hpp"
#include "stratus/server/image_catalogue.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class ImageRoutes {
 public:
  // All must outlive it.
  ImageRoutes(db::Database& database, db::Catalogue& catalogue, const store::RepositoryStore& repositories,
              ImageCatalogue& images, net::BoundedPool& lists)
      : database_(database),
        catalogue_(catalogue),
        repositories_(repositories),
        images_(images),
        lists_(lists),
        reading_("layers", 1, 16) {}

  void register_routes(Router& router);

 private:
  using Answer = net::Task<Result<void>>;
  // What uses images, on the pool.
  struct Uses {
    std::map<std::pair<std::string, std::string>, std::int64_t> devices, rollouts;  // by name and digest
    std::int64_t devices_of(const std::string& name) const;
  };
  struct Version {
    std::string name, version;
    Digest digest;
    std::shared_ptr<const ImageFacts> facts;
  };

  Answer list(Call& call);
  Answer show(Call& call);
  Answer layers(Call& call);
  Answer files(Call& call);
  Answer diff(Call& call);
  Result<Uses> read_uses() const;
  Result<std::string> read_list(const std::string& after, std::size_t limit) const;
  Result<std::string> read_image(const std::string& name) const;
  Result<std::string> read_layers(const Version& version) const;
  Result<Version> find(const std::string& name, const std::string& version) const;

  db::Database& database_;
  db::Catalogue& catalogue_;
  const store::RepositoryStore& repositories_;
  ImageCatalogue& images_;
  net::BoundedPool& lists_;
  net::BoundedPool reading_;
};

}  // namespace stratus::server
