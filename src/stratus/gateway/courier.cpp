#include "stratus/gateway/courier.hpp"

#include <algorithm>

#include "stratus/base/log.hpp"
#include "stratus/gateway/chance.hpp"
#include "stratus/gateway/refused_log.hpp"
#include "stratus/update/retry.hpp"

namespace stratus::gateway {
namespace {

constexpr std::size_t kMaxWaiting = 4u << 20;  // bytes not yet on the disk
constexpr std::size_t kBatch = 1u << 20;
constexpr int kDeliverers = 4;  // at a time; other questions to the upstream keep as many connections

}  // namespace

Delivery judge_delivery(int status) {
  if (status == 204) return Delivery::taken;
  if (status < 400 || status > 499) return Delivery::again;
  switch (status) {
    case 401:
    case 407:
    case 408:
    case 421:
    case 425:
    case 429:
      return Delivery::again;
    default:
      return Delivery::rejected;
  }
}

std::string device_of_target(std::string_view target) {
  return std::string(target.substr(0, target.rfind('/')));
}

Millis pause_asked_for(std::string_view retry_after) { return update::asked_pause(retry_after); }

Courier::Courier(net::Executor executor, std::filesystem::path directory, OutboxOptions options,
                 Upstream& upstream, Counters& counters)
    : directory_(std::move(directory)),
      options_(options),
      upstream_(upstream),
      counters_(counters),
      thread_("queue", 1),
      arrived_(executor),
      stored_(executor),
      changed_(executor),
      tasks_(executor) {}

Result<void> Courier::open(bool wait) {
  auto outbox = Outbox::open(directory_, options_, wait ? Millis(0) : kLockPatience);
  if (!outbox && wait && outbox.error().code() == ErrorCode::conflict) {
    log::info("queue", "waiting until the predecessor lets go of {}", directory_.string());
    return {};
  }
  if (!outbox) return forward_error(std::move(outbox));
  take_in(std::move(*outbox));
  if (size_.messages > 0) log::info("queue", "{} messages wait to be delivered", size_.messages);
  return {};
}

void Courier::take_in(std::unique_ptr<Outbox> outbox) {
  outbox_ = std::move(outbox);
  for (const auto& [id, target] : outbox_->take_found()) plan_.add(device_of_target(target), id);
  counters_.damaged += outbox_->damaged();
  size_ = measure();  // nobody else uses it yet
}

void Courier::start() {
  if (outbox_) {
    run();
  } else {
    tasks_.spawn(take_over());
  }
}

void Courier::run() {
  tasks_.spawn(store_all());
  for (int i = 0; i < kDeliverers; ++i) tasks_.spawn(deliver_all());
}

net::Task<void> Courier::take_over() {
  while (!outbox_) {
    const Millis pause(200);
    co_await net::sleep_for(pause);
    auto open_outbox = [&] { return Outbox::open(directory_, options_, Millis(0)); };
    auto opened = co_await thread_.run(open_outbox);
    if (opened) take_in(std::move(*opened));
    if (!opened && opened.error().code() != ErrorCode::conflict)
      log::error("queue", "{}", opened.error().text());
  }
  log::info("queue", "took over {} messages", size_.messages);
  run();
}

Courier::Size Courier::measure() const { return {outbox_->count(), outbox_->bytes()}; }

net::Task<Result<void>> Courier::accept(OutboxRecord record) {
  const std::size_t size = record.target.size() + record.body.size() + record.via.size() +
                           record.signature.size() + sizeof(Waiting);
  if (!outbox_ || stopping_ || waiting_bytes_ + size > kMaxWaiting) {
    ++counters_.queue_refused;
    co_return fail(ErrorCode::unavailable,
                   "the gateway cannot take messages right now; send it again shortly");
  }
  const auto waiting = std::make_shared<Waiting>();
  waiting->target = record.target;
  waiting->record = std::move(record);
  waiting->size = size;
  waiting_bytes_ += size;
  waiting_.push_back(waiting);
  arrived_.notify_all();
  while (!waiting->result) {
    co_await stored_.wait();
  }
  if (*waiting->result) {
    ++counters_.queued;
    co_return Result<void>();
  }
  ++counters_.queue_refused;
  Error error = waiting->result->error();
  if (error.code() == ErrorCode::invalid) co_return fail(std::move(error));
  co_return fail(ErrorCode::unavailable, "not stored, send it again later: " + error.text());
}

Courier::Batch Courier::next_batch() {
  Batch batch;
  for (std::size_t size = 0; !waiting_.empty() && size < kBatch; waiting_.pop_front()) {
    size += waiting_.front()->size;
    batch.push_back(std::move(waiting_.front()));
  }
  return batch;
}

std::vector<Result<Outbox::Id>> Courier::append(const Batch& batch) {
  std::vector<OutboxRecord> records;
  for (const auto& one : batch) records.push_back(std::move(one->record));
  std::vector<Result<Outbox::Id>> ids;
  const Result<Outbox::Id> all = outbox_->append(records);
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (all) {
      ids.emplace_back(*all + i);
    } else {  // one too many must not take the others with it
      ids.push_back(records.size() == 1 ? all : outbox_->append({&records[i], 1}));
    }
  }
  return ids;
}

// Whatever arrives while one sync runs shares the next.
net::Task<void> Courier::store_all() {
  for (;;) {
    while (waiting_.empty()) {
      co_await arrived_.wait();
    }
    const Batch batch = next_batch();
    std::vector<Result<Outbox::Id>> ids;
    auto store = [&] {
      ids = append(batch);
      return measure();
    };
    size_ = co_await thread_.run(store);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      waiting_bytes_ -= batch[i]->size;
      batch[i]->result = ids[i] ? Result<void>() : Result<void>(fail(ids[i].error()));
      if (ids[i]) plan_.add(device_of_target(batch[i]->target), *ids[i]);
    }
    stored_.notify_all();
    changed_.notify_all();
  }
}

net::Task<void> Courier::deliver_all() {
  for (;;) {
    const auto sending = plan_.next(system_clock().steady());
    if (sending) {
      co_await deliver(*sending);
      changed_.notify_all();
    } else {
      const SteadyTime when = plan_.wake_at();
      (void)co_await changed_.wait_until(when);
    }
  }
}

net::Task<void> Courier::deliver(DeliveryPlan::Sending sending) {
  auto read = [&] { return outbox_->read(sending.id); };
  auto record = co_await thread_.run(read);
  if (!record) {
    log::error("queue", "lost: {}", record.error().text());
    ++counters_.damaged;
    co_await forget(std::move(sending));
    co_return;
  }
  auto answer = co_await upstream_.post(record->target, record->body, record->via, record->signature);
  const Delivery delivery = answer ? judge_delivery(answer->status) : Delivery::again;
  if (delivery == Delivery::again) {
    Millis pause(0);
    if (answer) {
      pause = pause_asked_for(answer->headers.get("Retry-After").value_or(""));
      log::warning("queue", "the upstream answered {} to {}; trying again", answer->status, record->target);
    }
    plan_.failed(sending, system_clock().steady(), pause, chance());
    co_return;
  }
  if (delivery == Delivery::taken) {
    ++counters_.delivered;
  } else {
    ++counters_.rejected;
    log::error("queue", "the upstream refuses {} with {} for ever; set aside in {}: {}", record->target,
               answer->status, (directory_ / "refused").string(), answer->body.substr(0, 300));
    auto keep = [&] {
      return set_aside(directory_, *record, answer->status, answer->body, system_clock().wall());
    };
    auto kept = co_await thread_.run(keep);
    if (!kept) log::error("queue", "not even set aside: {}", kept.error().text());
  }
  co_await forget(std::move(sending));
}

net::Task<void> Courier::forget(DeliveryPlan::Sending sending) {
  Size left;
  auto remove = [&] {
    auto removed = outbox_->remove(sending.id);
    left = measure();
    return removed;
  };
  auto removed = co_await thread_.run(remove);
  if (!removed) log::error("queue", "may be delivered twice: {}", removed.error().text());
  size_ = left;
  plan_.done(sending);
}

net::Task<void> Courier::stop() {
  stopping_ = true;
  co_await tasks_.stop();
  outbox_.reset();  // a successor may have it now
}

}  // namespace stratus::gateway
