// Which device asked when, running what. Kept in memory and written together about once a second: a poll
// costs no transaction, and a crash forgets a second of "last seen" at most.
#pragma once

#include <map>
#include <string>

#include "stratus/base/digest.hpp"
#include "stratus/server/catalogue_writes.hpp"

namespace stratus::server {

class Sightings {
 public:
  explicit Sightings(db::Catalogue& catalogue) : catalogue_(catalogue) {}

  // `own_word`: otherwise only that it was seen counts, not what it is said to run.
  void note(const std::string& device, const std::string& name, const Digest& running, bool own_word);
  // Durable on return; whoever reads devices calls it first, so that they are true now.
  net::Task<void> flush();

 private:
  static constexpr std::size_t kMax = 100'000;  // devices between two flushes

  db::Catalogue& catalogue_;
  std::map<std::string, db::Sighting> waiting_;
};

}  // namespace stratus::server
