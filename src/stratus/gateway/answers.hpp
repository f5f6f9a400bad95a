// Asking the upstream for small things, once however many want to know at the same time, and keeping what it
// said. Belongs to the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "stratus/gateway/answer_store.hpp"
#include "stratus/gateway/counters.hpp"
#include "stratus/gateway/upstream.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::gateway {

// Content-addressed things never change.
inline constexpr Millis kForEver{std::chrono::hours(24 * 365)};

// On whose behalf the upstream is asked.
struct Asker {
  std::string via;     // the gateways it came through
  std::string device;  // "": not a device's question, not counted (AnswerStore::keep)
};

class Answers {
 public:
  // Refuses what is not an answer to the question (a portal's HTML page, say): `corrupt`.
  using Check = std::function<Result<void>(const Answer&)>;

  // `caching` off: every question goes to the upstream.
  Answers(net::Executor executor, Upstream& upstream, AnswerStore& store, Counters& counters, bool caching)
      : executor_(std::move(executor)),
        upstream_(upstream),
        store_(store),
        counters_(counters),
        caching_(caching) {}

  // The kept answer while it is younger than `ttl`; else the upstream's; else, while that is away, the kept
  // one.
  net::Task<Result<AnswerPointer>> get(std::string key, std::string target, Millis ttl, Check check,
                                       Asker asker);
  // The upstream's, shared by all who ask for the key meanwhile (`alone`: by nobody but the same device);
  // kept. Not an answer: 4xx and 5xx.
  net::Task<Result<AnswerPointer>> fetch(std::string key, std::string target, Check check, Asker asker,
                                         bool alone = false);

 private:
  struct Flight;
  net::Task<Result<AnswerPointer>> ask(const std::string& target, const Check& check, std::string via);

  net::Executor executor_;
  Upstream& upstream_;
  AnswerStore& store_;
  Counters& counters_;
  bool caching_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

// Whether the upstream is to blame, so that something older is better than nothing.
bool may_be_stale(const Error& error);

// A peer that is gone is not an error.
net::Task<void> respond(net::Exchange& exchange, AnswerPointer answer);

}  // namespace stratus::gateway
