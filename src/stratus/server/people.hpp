// People: the first administrator, signing in and out, users, API tokens, the audit log's routes. Policy
// lives here; records are db/people.hpp's, who asks is server/identities.hpp's. Runs on the loop.
#pragma once

#include <string>

#include "stratus/server/changes.hpp"
#include "stratus/server/identities.hpp"
#include "stratus/server/login_throttle.hpp"

namespace stratus::server {

struct SignInCounters {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t throttled = 0;
};

class People {
 public:
  static constexpr std::size_t kMinPassword = 10;    // characters of UTF-8 count by their bytes
  static constexpr std::size_t kMaxPassword = 1024;  // bytes
  static constexpr std::int64_t kMaxTokenSeconds = 366LL * 24 * 3600;
  static constexpr std::int64_t kTokenSeconds = 90LL * 24 * 3600;  // when nothing else is said

  // All must outlive it.
  People(Identities& identities, Changes& changes, const EventBus& bus, net::WorkerPool& reads)
      : identities_(identities), changes_(changes), bus_(bus), reads_(reads), passwords_("passwords", 1) {}

  // Blocks. The code with which the first administrator is made, "" when there are users already. It lives in
  // memory only: each start without users makes another.
  Result<std::string> make_setup_code();

  void register_routes(Router& router);
  const SignInCounters& counters() const { return counters_; }

 private:
  using Answer = net::Task<Result<void>>;

  Answer show_setup(Call& call);
  Answer set_up(Call& call);
  Answer sign_in(Call& call);
  Answer sign_out(Call& call);
  Answer show_me(Call& call);
  Answer change_password(Call& call);

  Answer list_users(Call& call);
  Answer create_user(Call& call);
  Answer show_user(Call& call);
  Answer change_user(Call& call);
  Answer delete_user(Call& call);

  Answer list_tokens(Call& call);
  Answer create_token(Call& call);
  Answer revoke_token(Call& call);

  Answer list_audit(Call& call);
  Answer export_audit(Call& call);
  Answer verify_audit_log(Call& call);

  // Waits count against the address and the name, and before the password is looked at.
  Result<void> check_throttle(Call& call, const std::string& name);
  net::Task<Result<std::string>> hash(std::string password);
  net::Task<Result<bool>> matches(std::string password, std::string encoded);
  // Starts a session of this user and answers 200 with its cookie.
  Answer start_session(Call& call, db::User user, int status);

  Identities& identities_;
  Changes& changes_;
  const EventBus& bus_;  // who signs in hears from where its events go on
  net::WorkerPool& reads_;
  net::WorkerPool passwords_;  // argon2 takes 20 MiB: one at a time
  std::size_t hashing_ = 0;
  SignInCounters counters_;
  std::string setup_code_hash_;  // "" when there is nothing to set up
  Throttle by_name_{{}};
  Throttle by_address_{
      {20, std::chrono::seconds(1), std::chrono::seconds(60), std::chrono::seconds(15 * 60)}};
};

}  // namespace stratus::server
