// "What is next for me?" answered near the devices: from a short-lived cache, from the upstream once for all
// who ask, and from what is known while the upstream is away. Belongs to the loop's thread.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "stratus/gateway/answers.hpp"
#include "stratus/gateway/freshness.hpp"

namespace stratus::gateway {

class NextAnswers {
 public:
  // What is referred to must outlive it.
  NextAnswers(Answers& answers, AnswerStore& store, Counters& counters, Millis ttl, bool caching);

  void load();  // after the store's
  // `have`: manifest digest, empty when the device runs nothing; the asker's device is passed on to the
  // upstream. 204: nothing is next.
  net::Task<Result<AnswerPointer>> get(std::string name, Digest have, Asker asker);
  // Blobs that a device may ask for because of the answers given now.
  std::unordered_set<Digest> pinned() const;

 private:
  struct Meaning {
    Digest target;
    std::vector<Digest> blobs;
  };
  struct Newest {
    Digest target;
    std::uint64_t order = 0;  // of the answer that said so
  };
  Result<Meaning> understand(const std::string& name, const Digest& have, const Answer& answer) const;
  // True when the name has another newest target now.
  bool learn(const std::string& name, const std::string& key, Meaning meaning, std::uint64_t order);
  // The newest release of the name in one of the kept answers; null: in none.
  AnswerPointer find_release(const std::string& name, const Digest& target);
  NextKnowledge knowledge(const std::string& name, const std::string& key);
  Result<AnswerPointer> answer_offline(const std::string& name, const std::string& key, const Digest& have,
                                       const Error& why);

  Answers& answers_;
  AnswerStore& store_;
  Counters& counters_;
  Millis ttl_;
  bool caching_;
  std::unordered_map<std::string, Meaning> meanings_;  // by key, for kept answers
  std::unordered_map<std::string, Newest> newest_;     // by name
  // Names about which devices may hear different things, because of rollouts: each of them is asked for by
  // itself, whatever is kept.
  std::unordered_set<std::string> asked_each_;
};

}  // namespace stratus::gateway
