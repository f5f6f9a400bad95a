#include "stratus/server/changes.hpp"

#include <boost/json.hpp>

#include "stratus/base/result.hpp"
#include "stratus/db/people.hpp"
#include "stratus/server/audit_log.hpp"
#include "stratus/server/catalogue_writes.hpp"

namespace stratus::server {
namespace {

// Everything that the work and its caller share; the caller awaits its end.
struct Running {
  Actor actor;
  ChangeWork work;
  RepeatKey repeat;
  Reply reply;
  std::vector<Event> events;

  Result<void> run(db::Transaction& transaction) {
    events.clear();  // PostgreSQL may run a work again after a lost race
    STRATUS_TRY(kept, find_kept(transaction, repeat));
    if (kept) {
      reply = std::move(*kept);
      return {};
    }
    Change change(transaction, actor, events);
    STRATUS_TRY(made, work(change));
    reply = std::move(made);
    return keep_reply(transaction, repeat, reply);
  }
};

}  // namespace

Result<std::optional<Reply>> find_kept(db::Reader& reader, const RepeatKey& repeat) {
  if (repeat.key.empty()) return std::optional<Reply>();
  STRATUS_TRY(kept, db::kept_answer(reader, repeat.key, now_ms() - Changes::kKeepMs));
  if (!kept) return std::optional<Reply>();
  if (kept->fingerprint != repeat.fingerprint) {
    return fail(ErrorCode::conflict, "this Idempotency-Key came with another request before",
                "idempotency_key_reused");
  }
  if (kept->status == 0)
    return fail(ErrorCode::conflict, "this was done already; its secret is shown only once", "already_done");
  return std::optional<Reply>(
      Reply{static_cast<int>(kept->status), kept->body, kept->location, kept->etag, false, true});
}

Result<void> keep_reply(db::Transaction& transaction, const RepeatKey& repeat, const Reply& reply) {
  if (repeat.key.empty()) return {};
  db::KeptAnswer kept{repeat.fingerprint, reply.status, reply.location, reply.etag, reply.body};
  if (reply.secret) {
    kept.status = 0;
    kept.body.clear();
  }
  const std::int64_t now = now_ms();
  return db::keep_answer(transaction, repeat.key, kept, now, now - Changes::kKeepMs);
}

Event audit_news(const std::string& action, const std::string& object) {
  const boost::json::object body{{"action", action}, {"object", object}};
  return {"audit", object, boost::json::serialize(body)};
}

Result<void> Change::record(std::string action, std::string object, std::string detail) {
  publish(audit_news(action, object));
  wire::AuditEntry entry;
  entry.actor = actor_.label;
  entry.action = std::move(action);
  entry.object = std::move(object);
  entry.detail = std::move(detail);
  entry.address = actor_.address;
  entry.request = actor_.request;
  return append_audit(transaction_, std::move(entry));
}

net::Task<Result<Reply>> Changes::apply(Actor actor, ChangeWork work, RepeatKey repeat) {
  const auto running = std::make_shared<Running>();
  running->actor = std::move(actor);
  running->work = std::move(work);
  running->repeat = std::move(repeat);
  std::function<void(db::Database::Done)> start = [&](db::Database::Done done) {
    database_.write([running](db::Transaction& transaction) { return running->run(transaction); },
                    std::move(done));
  };
  auto written = co_await await_write(start);
  if (!written) co_return forward_error(std::move(written));
  for (Event& event : running->events) bus_.publish(std::move(event));
  co_return std::move(running->reply);
}

}  // namespace stratus::server
