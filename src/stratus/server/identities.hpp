// Tells who a request comes from: the administrator's own token, an API token, a session's cookie, a device's
// certificate, or nobody. Belongs to the loop's thread; the database is asked on a pool.
//
// What was found is believed for kBelieve, so that a busy client does not cost a query each time; changes
// made through this server count at once (`forget`), those of another server after that time.
#pragma once

#include <unordered_map>

#include "stratus/db/people.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/server/admin_token.hpp"
#include "stratus/server/request_text.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class Identities final : public Authenticator {
 public:
  static constexpr std::chrono::seconds kBelieve{5};
  static constexpr std::int64_t kSessionIdleMs = 12LL * 3600 * 1000;
  static constexpr std::int64_t kSessionMs = 7LL * 24 * 3600 * 1000;

  // All must outlive it. `anonymous`: what who sends no credentials may do; everybody else may as well.
  Identities(const AdminToken& admin, db::Database& database, net::WorkerPool& pool, ScopeSet anonymous)
      : admin_(admin), database_(database), pool_(pool), anonymous_(anonymous) {}

  net::Task<Result<Principal>> identify(const net::RequestHead& request) override;
  // After a change of users, sessions or tokens.
  void forget() {
    known_.clear();
    ++generation_;
  }

  // "stratus_session", or "__Host-stratus_session" over TLS.
  static std::string cookie_name(bool secure);

 private:
  struct Known {
    Principal principal;
    SteadyTime believed_until;
    std::int64_t seen_ms = 0;  // as the database has it
  };
  using Found = Result<Known>;

  net::Task<Result<Principal>> identify_by(const net::RequestHead& request);
  net::Task<Result<Principal>> identify_token(std::string secret);
  net::Task<Result<Principal>> identify_session(std::string secret, const net::RequestHead& request);
  // `find` blocks and runs on the pool.
  net::Task<Found> find(std::string hash, std::function<Found()> find);
  Principal anonymous() const;

  const AdminToken& admin_;
  db::Database& database_;
  net::WorkerPool& pool_;
  ScopeSet anonymous_;
  std::unordered_map<std::string, Known> known_;  // by the secret's hash
  std::uint64_t generation_ = 0;
};

// The scopes of "viewer operator".
ScopeSet scopes_of_roles(const std::vector<Role>& roles);
std::vector<Role> parse_roles(const std::string& words);  // unknown ones are left out
// The value of a cookie; "" when there is none.
std::string cookie_of(const net::RequestHead& request, std::string_view name);

}  // namespace stratus::server
