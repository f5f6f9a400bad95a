#include "stratus/server/retention.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/base/log.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/database_calls.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;

constexpr std::int64_t kStep = 5'000;  // rows of a kind in one transaction: nobody waits long behind them
constexpr Millis kPause{60'000};
constexpr int kMostInVain = 10;            // steps of a round that find nothing old, between two pauses
constexpr std::int64_t kDay = 86'400'000;  // ms

std::string etag_of(const db::Retention& retention) { return std::to_string(retention.revision); }

json::object days_of(const db::Retention& retention) {
  return {{"metrics_days", retention.metrics_days},
          {"events_days", retention.events_days},
          {"history_days", retention.history_days}};
}

std::string describe(const db::Retention& retention) {
  json::object about = days_of(retention);
  if (retention.revision != 0) {
    about["changed_by"] = retention.changed_by;
    about["changed_at"] = format_time_ms(retention.changed_ms);
  }
  return json::serialize(about);
}

std::int64_t days(ObjectReader& reader, std::string_view key) {
  const std::uint64_t value = reader.number(key);
  if (value < db::kLeastKeptDays || value > db::kMostKeptDays)
    reader.reject(key, fmt::format("{} to {} days", db::kLeastKeptDays, db::kMostKeptDays));
  return static_cast<std::int64_t>(value);
}

}  // namespace

void RetentionKeeper::register_routes(Router& router) {
  router.add("GET", "/api/v1/settings/retention", Scope::devices_read,
             [this](Call& call) { return show(call); });
  router.add("PUT", "/api/v1/settings/retention", Scope::system_admin,
             [this](Call& call) { return put(call); });
}

net::Task<Result<db::Retention>> RetentionKeeper::find() {
  auto read = [&] { return db::find_retention(database_, defaults_); };
  co_return co_await pool_.run(read);
}

net::Task<Result<void>> RetentionKeeper::show(Call& call) {
  auto found = co_await find();
  if (!found) co_return forward_error(std::move(found));
  const std::string body = describe(*found);
  const std::string etag = etag_of(*found);
  co_return co_await call.respond_json(200, body, etag);
}

net::Task<Result<void>> RetentionKeeper::put(Call& call) {
  auto before = co_await find();
  if (!before) co_return forward_error(std::move(before));
  STRATUS_CO_CHECK(call.check_if_match(etag_of(*before)));
  auto body = co_await call.read_json();
  if (!body) co_return forward_error(std::move(body));
  ObjectReader reader(*body, "");
  db::Retention wanted;
  wanted.metrics_days = days(reader, "metrics_days");
  wanted.events_days = days(reader, "events_days");
  wanted.history_days = days(reader, "history_days");
  STRATUS_CO_CHECK(reader.done());
  wanted.revision = before->revision + 1;
  wanted.changed_ms = now_ms();
  wanted.changed_by = call.principal().label();
  const ChangeWork work = [wanted, was = days_of(*before)](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::put_retention(change.transaction(), wanted));
    const json::object about{{"from", was}, {"to", days_of(wanted)}};
    STRATUS_CHECK(change.record("settings.retention", "settings:retention", json::serialize(about)));
    json::object news = days_of(wanted);
    news["setting"] = "retention";
    change.publish({"settings", "retention", json::serialize(news)});
    return Reply{200, describe(wanted), "", etag_of(wanted)};
  };
  auto changed = co_await call.apply(work);
  if (!changed) co_return forward_error(std::move(changed));
  wake_.notify_all();
  co_return co_await call.respond(*changed);
}

net::Task<void> RetentionKeeper::run() {
  for (;;) {
    (void)co_await wake_.wait_for(kPause);
    auto pruned = co_await prune();
    if (!pruned) log::warning("retention", "what is too old stays for now: {}", pruned.error().text());
  }
}

net::Task<Result<void>> RetentionKeeper::prune() {
  const std::int64_t now = now_ms();
  std::int64_t removed = kStep;
  while (removed >= kStep) {
    db::Database::Work work = [&](db::Transaction& transaction) -> Result<void> {
      // Asked anew in each step: somebody may just have changed it.
      STRATUS_TRY(keep, db::find_retention(transaction, defaults_));
      STRATUS_TRY(said, db::prune_events(transaction, now - keep.events_days * kDay, kStep));
      STRATUS_TRY(done, db::prune_history(transaction, now - keep.history_days * kDay, kStep));
      removed = said + done;
      return {};
    };
    auto written = co_await commit(database_, work);
    if (!written) co_return written;
  }
  co_return co_await prune_metrics();
}

// The oldest lie in front, but for what a clock that was wrong marked: what is behind that is found by a
// round through all of them, a bounded part of it at a time.
net::Task<Result<void>> RetentionKeeper::prune_metrics() {
  for (std::int64_t after_id = 0;;) {
    auto page = co_await prune_page(after_id);
    if (!page) co_return forward_error(std::move(page));
    if (page->removed == 0) break;
    after_id = page->last_id;
  }
  for (int in_vain = 0; in_vain < kMostInVain;) {
    auto page = co_await prune_page(looked_at_);
    if (!page) co_return forward_error(std::move(page));
    if (page->removed == 0) ++in_vain;
    looked_at_ = page->last_id;
    if (looked_at_ == 0) break;
  }
  co_return Result<void>();
}

net::Task<Result<db::PrunedPage>> RetentionKeeper::prune_page(std::int64_t after_id) {
  db::PrunedPage page;
  db::Database::Work work = [&](db::Transaction& transaction) -> Result<void> {
    STRATUS_TRY(keep, db::find_retention(transaction, defaults_));
    STRATUS_TRY(done, db::prune_metrics(transaction, now_ms() - keep.metrics_days * kDay, after_id, kStep));
    page = done;
    return {};
  };
  auto written = co_await commit(database_, work);
  if (!written) co_return forward_error(std::move(written));
  co_return page;
}

}  // namespace stratus::server
