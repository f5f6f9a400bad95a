// What happens now, for whoever watches: a ring of the last events. Watchers go on after the last id they
// saw; who fell behind the ring, or comes from before a restart, is told to read everything again.
// Belongs to the loop's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stratus/net/loop.hpp"
#include "stratus/server/principal.hpp"

namespace stratus::server {

struct Event {
  std::string topic;   // "devices", "rollouts", … : the table in event_bus.cpp
  std::string object;  // id of what changed
  std::string json;    // an object: what a watcher needs to show the change
};

// What one must be allowed to see events of a topic; nullopt: there is no such topic.
std::optional<Scope> scope_of_topic(std::string_view topic);
std::vector<std::string> event_topics();

class EventBus {
 public:
  static constexpr std::size_t kMaxJson = 16u << 10;  // bytes of an event; a longer one is dropped and logged

  // `epoch` tells this run of the server from others.
  EventBus(const net::Executor& loop, std::string epoch, std::size_t capacity = 4096);

  // An event of an unknown topic is a programming fault: logged and dropped.
  void publish(Event event);

  // The id to go on after: "EPOCH-NUMBER".
  std::string id_of(std::uint64_t number) const { return epoch_ + "-" + std::to_string(number); }
  std::uint64_t newest() const { return next_ - 1; }
  // The number in an id; nullopt when it is not of this run, not yet given, or has left the ring behind.
  std::optional<std::uint64_t> resume(std::string_view id) const;

  struct Batch {
    std::string frames;      // as `text/event-stream`
    std::uint64_t last = 0;  // go on after this one
    bool lost = false;       // events in between have left the ring
  };
  // Events after number `after` that `wanted` takes, at most about 64 KiB of them.
  Batch read(std::uint64_t after, const std::function<bool(std::string_view topic)>& wanted) const;

  // True as soon as there is something after `after`, or the bus closes; false after `longest`.
  net::Task<bool> wait_beyond(std::uint64_t after, Millis longest);
  void close();
  bool closed() const { return closed_; }

 private:
  struct Kept {
    std::string topic;
    std::string frame;
  };

  std::string epoch_;
  std::size_t capacity_;
  std::deque<Kept> ring_;
  std::uint64_t next_ = 1;  // number of the next event; ring_.back() has next_ - 1
  bool closed_ = false;
  net::Notifier changed_;
};

}  // namespace stratus::server
