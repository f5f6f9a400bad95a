// The one way in which people and rollouts change something: the change, its audit entries and the answer
// kept for Idempotency-Key are one transaction; events go out once it is durable.
//
//   co_return co_await call.commit([id](Change& change) -> Result<Reply> {
//     STRATUS_CHECK(db::rename_group(change.transaction(), id, …));
//     STRATUS_CHECK(change.record("group.rename", "group:" + id, detail));
//     change.publish({"devices", id, json});
//     return Reply{200, body};
//   });
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "stratus/db/database.hpp"
#include "stratus/net/task.hpp"
#include "stratus/server/event_bus.hpp"
#include "stratus/server/principal.hpp"

namespace stratus::server {

// Who an audit entry names.
struct Actor {
  std::string label;    // Principal::label(), or "server"
  std::string address;  // without port
  std::string request;  // id
  std::string person;   // Principal::person()
};

// There is an entry in the audit log: what watchers of it are told once it is stored.
Event audit_news(const std::string& action, const std::string& object);

// What is answered to a change.
struct Reply {
  int status = 204;
  std::string body;      // JSON, or empty
  std::string location;  // where the new thing is
  std::string etag;      // without quotes
  // Holds a secret that is shown once: a repetition of the request is told so instead of getting it again.
  bool secret = false;
  bool replayed = false;  // set for an answer that was kept
};

// Valid while the work runs, on the writer's thread.
class Change {
 public:
  Change(db::Transaction& transaction, const Actor& actor, std::vector<Event>& events)
      : transaction_(transaction), actor_(actor), events_(events) {}

  db::Transaction& transaction() { return transaction_; }
  const Actor& actor() const { return actor_; }
  // `detail`: a JSON object, no secrets (auditors read and export it). Who watches the audit is told.
  Result<void> record(std::string action, std::string object, std::string detail = "{}");
  void publish(Event event) { events_.push_back(std::move(event)); }

 private:
  db::Transaction& transaction_;
  const Actor& actor_;
  std::vector<Event>& events_;
};

// Owns what it needs: it runs on the writer's thread and may run when the caller is gone already. Everything
// that decides about the change is looked at inside, not before.
using ChangeWork = std::function<Result<Reply>(Change&)>;

// A request that may come twice.
struct RepeatKey {
  std::string key;          // hash of who asks and their Idempotency-Key; "" for none
  std::string fingerprint;  // of method, path and body
};

// The answer that is kept from the first time, when there is one. `idempotency_key_reused` (conflict): the
// key came with another request before; `already_done`: its answer was a secret.
Result<std::optional<Reply>> find_kept(db::Reader& reader, const RepeatKey& repeat);
// In the transaction that does what the reply tells; nothing without a key.
Result<void> keep_reply(db::Transaction& transaction, const RepeatKey& repeat, const Reply& reply);

class Changes {
 public:
  static constexpr std::int64_t kKeepMs = 24 * 3600 * 1000;

  // Both must outlive it.
  Changes(db::Database& database, EventBus& bus) : database_(database), bus_(bus) {}

  // On the loop. `idempotency_key_reused` (conflict): the key came with another request before.
  net::Task<Result<Reply>> apply(Actor actor, ChangeWork work, RepeatKey repeat = RepeatKey());
  db::Database& database() { return database_; }

 private:
  db::Database& database_;
  EventBus& bus_;
};

}  // namespace stratus::server
