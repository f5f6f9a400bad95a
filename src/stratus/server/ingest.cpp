#include "stratus/server/ingest.hpp"

#include <algorithm>
#include <memory>

#include "stratus/base/log.hpp"
#include "stratus/db/telemetry.hpp"
#include "stratus/server/catalogue_writes.hpp"

namespace stratus::server {
namespace {

// Errors that pass: the same batch again, later.
bool may_pass(ErrorCode code) {
  return code == ErrorCode::unavailable || code == ErrorCode::no_space || code == ErrorCode::timeout ||
         code == ErrorCode::internal || code == ErrorCode::cancelled;
}

}  // namespace

Ingest::Ingest(net::Executor loop, db::Database& database, IngestOptions options, Finished finished,
               Finish batch_done)
    : loop_(loop),
      database_(database),
      options_(options),
      finished_(std::move(finished)),
      batch_done_(std::move(batch_done)),
      changed_(loop) {}

void Ingest::on_message(std::string kind, Store store, Stored stored) {
  handlers_.emplace(std::move(kind), Handler{std::move(store), std::move(stored)});
}

void Ingest::add(Item item) {
  queue_.push_back(std::move(item));
  if (queue_.size() == 1 || queue_.size() == options_.batch) changed_.notify_all();
}

net::Task<void> Ingest::run() {
  std::size_t written = 0;  // of the batch before
  for (;;) {
    while (queue_.empty()) {
      co_await changed_.wait();
    }
    const Millis longest = written < options_.busy ? options_.flush : options_.busy_flush;
    const SteadyTime when = std::chrono::steady_clock::now() + longest;
    bool woken = true;
    while (woken && queue_.size() < options_.batch) {
      woken = co_await changed_.wait_until(when);
    }
    std::vector<Item> batch = std::exchange(queue_, {});
    written = writing_ = batch.size();
    co_await store(std::move(batch));
    writing_ = 0;
  }
}

net::Task<void> Ingest::store(std::vector<Item> batch) {
  Millis pause = options_.first_pause;
  for (;;) {
    auto written = co_await write(batch);
    ++counters_.batches;
    if (written) {
      problem_.clear();
      finish(batch, written);
      co_return;
    }
    ++counters_.failed_batches;
    if (!may_pass(written.error().code())) break;
    if (problem_.empty()) log::error("ingest", "cannot store messages: {}", written.error().text());
    problem_ = written.error().text();
    co_await net::sleep_for(pause);
    pause = std::min(pause * 2, options_.longest_pause);
  }
  if (batch.size() == 1) {
    const Result<void> refused = fail(ErrorCode::invalid, "the server cannot keep this message");
    counters_.refused += 1;
    finish(batch, refused);
    co_return;
  }
  // One of them spoils it for the others: each by itself finds out which.
  for (Item& item : batch) {
    std::vector<Item> alone;
    alone.push_back(std::move(item));
    co_await store(std::move(alone));
  }
}

net::Task<Result<void>> Ingest::write(const std::vector<Item>& batch) {
  std::function<void(db::Database::Done)> start = [this, &batch](db::Database::Done done) {
    database_.write([this, &batch](db::Transaction& transaction) { return write_in(transaction, batch); },
                    std::move(done));
  };
  co_return co_await await_write(start);
}

Result<void> Ingest::write_in(db::Transaction& transaction, const std::vector<Item>& batch) const {
  std::vector<db::MetricRow> metrics;
  std::vector<db::EventRow> events;
  std::vector<db::ProgressRow> progress;
  std::vector<db::PresenceRow> presence;
  std::vector<db::Value> samples;
  std::map<std::string_view, std::vector<const DeviceMessage*>> by_kind;
  for (const Item& item : batch) {
    const DeviceMessage& message = item.message;
    switch (message.keep) {
      case Keep::metrics:
        metrics.push_back({message.device, message.kind, message.time_ms, message.received_ms, message.body});
        break;
      case Keep::event:
      case Keep::report:
        events.push_back({0, message.device, message.kind, message.time_ms,
                          static_cast<std::int64_t>(message.seq), message.received_ms, message.gateway,
                          message.body});
        break;
      case Keep::progress:
        progress.push_back({message.device, message.received_ms, message.body});
        break;
      case Keep::sample:
        samples.insert(samples.end(), {message.device, message.received_ms, message.body});
        break;
      case Keep::presence:
      case Keep::question:
      case Keep::handled:
        break;
    }
    if (handlers_.contains(message.kind)) by_kind[message.kind].push_back(&message);
  }
  if (!metrics.empty()) STRATUS_CHECK(db::add_metrics(transaction, metrics));
  if (!events.empty()) STRATUS_CHECK(db::add_events(transaction, events));
  if (!progress.empty()) STRATUS_CHECK(db::put_progress(transaction, progress));
  if (!samples.empty()) {
    const std::vector<std::string_view> columns{"device", "received_ms", "body"};
    STRATUS_CHECK(transaction.bulk_insert("samples", columns, samples));
  }
  for (const auto& [kind, messages] : by_kind) {
    const auto [begin, end] = handlers_.equal_range(kind);
    for (auto handler = begin; handler != end; ++handler) {
      if (handler->second.store) STRATUS_CHECK(handler->second.store(transaction, messages));
    }
  }
  return {};
}

void Ingest::finish(const std::vector<Item>& batch, const Result<void>& how) {
  for (const Item& item : batch) {
    if (how) {
      ++counters_.stored;
      const auto [begin, end] = handlers_.equal_range(item.message.kind);
      for (auto handler = begin; handler != end; ++handler) {
        if (handler->second.stored) handler->second.stored(item.message);
      }
    }
    finished_(item, how);
  }
  batch_done_();
}

}  // namespace stratus::server
