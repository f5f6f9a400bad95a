#include "stratus/server/next_answers.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stratus::server {

// One reading that several wait for.
struct NextAnswers::Flight {
  Flight(const net::Executor& loop, std::uint64_t of) : generation(of), landed(loop) {}

  std::uint64_t generation;
  net::Notifier landed;
  Found found = fail(ErrorCode::unavailable, "the answer could not be put together; ask again");
};

net::Task<Result<std::shared_ptr<const std::string>>> NextAnswers::answer(NextQuestion question,
                                                                          bool known_base,
                                                                          std::string device) {
  if (!known_base && !question.base.empty()) {
    // A base that means nothing here gets what everybody gets who runs nothing. One that was a release once
    // may still have its delta.
    NextQuestion plain = question;
    plain.base = Digest();
    auto common = co_await look_up(plain, false, device);
    if (!common) co_return forward_error(std::move(common));
    const std::vector<Digest>& bases = (*common)->delta_bases;
    if (std::find(bases.begin(), bases.end(), question.base) == bases.end()) co_return (*common)->text;
  }
  auto found = co_await look_up(question, known_base, device);
  if (!found) co_return forward_error(std::move(found));
  co_return (*found)->text;
}

net::Task<NextAnswers::Found> NextAnswers::look_up(NextQuestion question, bool known_base,
                                                   std::string device) {
  // Rollouts bring devices of one name to several versions at a time.
  const std::string key =
      fmt::format("{}@{}@{}@{}", question.name, question.base.hex(), question.target.hex(), question.version);
  const std::uint64_t generation = generations_[question.name];
  if (const auto cached = cache_.find(key); cached != cache_.end()) {
    const bool is_fresh =
        cached->second->generation == generation && clock_.steady() < cached->second->expires;
    if (is_fresh) {
      ++cache_hits_;
      co_return cached->second;
    }
  }
  if (const auto running = flights_.find(key);
      running != flights_.end() && running->second->generation == generation) {
    const std::shared_ptr<Flight> flight = running->second;
    co_await flight->landed.wait();
    co_return flight->found;
  }

  const auto flight = std::make_shared<Flight>(loop_, generation);
  flights_[key] = flight;
  // However this ends, those that wait go on.
  struct Landing {
    NextAnswers& answers;
    const std::string& key;
    const std::shared_ptr<Flight>& flight;
    ~Landing() {
      const auto found = answers.flights_.find(key);
      if (found != answers.flights_.end() && found->second == flight) answers.flights_.erase(found);
      flight->landed.notify_all();
    }
  };
  const Landing landing{*this, key, flight};
  ++reads_;
  auto read = [&] { return read_(question); };
  auto answer = co_await pool_.run(read);
  if (!answer) {
    flight->found = fail(answer.error());
    co_return forward_error(std::move(answer));
  }
  auto entry = std::make_shared<Entry>();
  entry->generation = generation;
  if (answer->delta_missing && known_base && queue_ != nullptr) {
    const DeltaQueue::Reply reply = queue_->request({question.name, question.base, question.target}, device);
    answer->next.delta_pending = reply.state == DeltaQueue::State::pending;
    if (!answer->next.delta_pending) entry->expires = reply.retry_at;
  }
  entry->text = std::make_shared<const std::string>(wire::encode_next(answer->next));
  entry->delta_bases = std::move(answer->delta_bases);
  const std::shared_ptr<const Entry> finished = std::move(entry);
  remember(key, finished);
  flight->found = finished;
  co_return finished;
}

void NextAnswers::remember(const std::string& key, std::shared_ptr<const Entry> entry) {
  if (cache_.size() >= kMaxCached || cached_bytes_ + entry->text->size() > kMaxCachedBytes) {
    cache_.clear();
    cached_bytes_ = 0;
  }
  std::shared_ptr<const Entry>& place = cache_[key];
  if (place) cached_bytes_ -= place->text->size();
  cached_bytes_ += entry->text->size();
  place = std::move(entry);
}

}  // namespace stratus::server
