// What the agent said over MQTT and the server has not called stored yet: said again until it does, because
// a broker that acknowledged it may die with it. Pure; at most kMax messages, beyond that the oldest go. They
// are gone with the agent; what must outlive it is a report (report_queue.hpp).
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "stratus/base/clock.hpp"
#include "stratus/wire/messages.hpp"

namespace stratus::agent {

class Unheard {
 public:
  static constexpr std::size_t kMax = 100;
  static constexpr Millis kPatience{10'000};  // for the server's word, then it is said again

  struct Message {
    std::uint64_t seq = 0;
    std::string suffix;  // of the topic
    std::string body;
    SteadyTime due;
  };

  // `before_first`: no seq of an earlier run is above it, so that no late word about one is taken for ours.
  explicit Unheard(std::uint64_t before_first) : last_seq_(before_first) {}

  std::uint64_t next_seq() { return ++last_seq_; }
  // Due at once. `seq` comes from next_seq() and stands in `body`.
  void add(std::uint64_t seq, std::string suffix, std::string body);
  // A new connection: everything is due.
  void say_again();
  // What is to be said now, oldest first; due again after kPatience.
  std::vector<Message> take_due(SteadyTime now);
  // Stored, or refused for good.
  void heard(const wire::Stored& word);

  std::size_t size() const { return messages_.size(); }

 private:
  std::uint64_t last_seq_;
  std::deque<Message> messages_;
};

}  // namespace stratus::agent
