#include "stratus/net/answer_encoder.hpp"

namespace stratus::net {

struct AnswerEncoder::Flight {
  explicit Flight(const Executor& loop) : landed(loop) {}
  Notifier landed;
  std::string encoded;
};

Task<std::string> AnswerEncoder::encode(const std::string& body) {
  if (body.size() <= kAtOnce) co_return cache_.encode(body);
  if (const std::string* const known = cache_.find(body)) co_return *known;
  if (const auto running = flights_.find(body); running != flights_.end()) {
    const std::shared_ptr<Flight> flight = running->second;
    co_await flight->landed.wait();
    co_return flight->encoded;
  }
  if (stopped_ || body.size() > kMost || flights_.size() >= kMostWaiting) co_return std::string();
  if (!pool_) pool_ = std::make_unique<WorkerPool>("encode", 1);

  const auto flight = std::make_shared<Flight>(loop_);
  flights_.emplace(body, flight);
  // However this ends, those that wait go on.
  struct Landing {
    AnswerEncoder& encoder;
    const std::string& body;
    Flight& flight;
    ~Landing() {
      encoder.flights_.erase(body);
      flight.landed.notify_all();
    }
  };
  const Landing landing{*this, body, *flight};
  auto work = [&]() -> Result<std::string> { return brotli_compress(body).value_or(std::string()); };
  auto encoded = co_await pool_->run(work);
  if (encoded) flight->encoded = cache_.put(body, std::move(*encoded));
  co_return flight->encoded;
}

void AnswerEncoder::stop() {
  stopped_ = true;
  if (pool_) pool_->join();
}

}  // namespace stratus::net
