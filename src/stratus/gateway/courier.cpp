#include "stratus/gateway/courier.hpp"

#include "stratus/base/log.hpp"
#include "stratus/gateway/chance.hpp"
#include "stratus/update/pacing.hpp"

namespace stratus::gateway {
namespace {

constexpr std::size_t kMaxWaiting = 10'000;  // not yet on the disk
constexpr update::BackOff kPause{Millis(500), Millis(60'000)};

}  // namespace

Delivery judge_delivery(int status) {
  switch (status) {
    case 204:
      return Delivery::taken;
    case 400:
    case 404:
    case 405:
    case 409:
    case 413:
    case 422:
      return Delivery::rejected;
    default:
      return Delivery::again;
  }
}

Courier::Courier(net::Executor executor, std::filesystem::path directory, OutboxOptions options,
                 Upstream& upstream, Counters& counters)
    : directory_(std::move(directory)),
      options_(options),
      upstream_(upstream),
      counters_(counters),
      thread_("queue", 1),
      arrived_(executor),
      stored_(executor),
      tasks_(executor) {}

Result<void> Courier::open(bool wait) {
  auto outbox = Outbox::open(directory_, options_);
  if (!outbox && wait && outbox.error().code() == ErrorCode::conflict) {
    log::info("queue", "waiting until the predecessor lets go of {}", directory_.string());
    return {};
  }
  if (!outbox) return forward_error(std::move(outbox));
  outbox_ = std::move(*outbox);
  note(measure());
  if (depth_ > 0) log::info("queue", "{} messages wait to be delivered", depth_);
  return {};
}

void Courier::start() {
  if (outbox_) {
    tasks_.spawn(store_all());
    tasks_.spawn(deliver_all());
  } else {
    tasks_.spawn(take_over());
  }
}

net::Task<void> Courier::take_over() {
  while (!outbox_) {
    const Millis pause(200);
    co_await net::sleep_for(pause);
    auto open_outbox = [&] { return Outbox::open(directory_, options_); };
    auto opened = co_await thread_.run(open_outbox);
    if (opened) {
      outbox_ = std::move(*opened);
      note(measure());  // nobody else uses it yet
    }
    if (!opened && opened.error().code() != ErrorCode::conflict)
      log::error("queue", "{}", opened.error().text());
  }
  log::info("queue", "took over {} messages", depth_);
  tasks_.spawn(store_all());
  tasks_.spawn(deliver_all());
}

Courier::Size Courier::measure() const { return {outbox_->count(), outbox_->bytes()}; }

void Courier::note(Size size) {
  depth_ = size.messages;
  bytes_ = size.bytes;
}

net::Task<Result<void>> Courier::accept(OutboxRecord record) {
  if (!outbox_ || stopping_ || waiting_.size() >= kMaxWaiting) {
    ++counters_.queue_refused;
    co_return fail(ErrorCode::unavailable,
                   "the gateway cannot take messages right now; send it again shortly");
  }
  const auto waiting = std::make_shared<Waiting>();
  waiting->record = std::move(record);
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

// Whatever arrives while one sync runs shares the next.
net::Task<void> Courier::store_all() {
  for (;;) {
    while (waiting_.empty()) {
      co_await arrived_.wait();
    }
    std::vector<std::shared_ptr<Waiting>> batch;
    batch.swap(waiting_);
    auto append = [&] {
      std::vector<OutboxRecord> records;
      for (const auto& one : batch) records.push_back(one->record);
      auto all = outbox_->append(records);
      for (const auto& one : batch) {
        // One too many must not take the others with it.
        one->result = all || records.size() == 1 ? all : outbox_->append({&one->record, 1});
      }
      return measure();
    };
    const Size size = co_await thread_.run(append);
    note(size);
    stored_.notify_all();
  }
}

net::Task<void> Courier::deliver_all() {
  unsigned failures = 0;
  for (;;) {
    if (depth_ == 0) {
      co_await stored_.wait();
      continue;
    }
    const bool delivered = co_await deliver_front();
    failures = delivered ? 0 : failures + 1;
    if (delivered) continue;
    const Millis pause = update::back_off_delay(kPause, failures, chance());
    co_await net::sleep_for(pause);
  }
}

net::Task<bool> Courier::deliver_front() {
  auto read = [&] { return outbox_->front(); };
  auto front = co_await thread_.run(read);
  if (!front) {
    log::error("queue", "{}", front.error().text());
    co_return false;
  }
  if (!*front) {
    depth_ = 0;
    co_return true;
  }
  const std::string target = (*front)->target;
  auto answer = co_await upstream_.post(target, std::move((*front)->body));
  if (!answer) co_return false;
  const Delivery delivery = judge_delivery(answer->status);
  if (delivery == Delivery::again) {
    log::warning("queue", "the upstream answered {} to {}; trying again", answer->status, target);
    co_return false;
  }
  if (delivery == Delivery::rejected) {
    ++counters_.rejected;
    log::error("queue", "the upstream refuses {} with {} for ever; dropped: {}", target, answer->status,
               answer->body.substr(0, 300));
  } else {
    ++counters_.delivered;
  }
  Size left;
  auto pop = [&] {
    auto popped = outbox_->pop();
    left = measure();
    return popped;
  };
  auto popped = co_await thread_.run(pop);
  if (!popped) log::error("queue", "{}", popped.error().text());
  note(left);
  co_return popped.has_value();
}

net::Task<void> Courier::stop() {
  stopping_ = true;
  co_await tasks_.stop();
  outbox_.reset();  // a successor may have it now
}

}  // namespace stratus::gateway
