// Lets one coroutine wait for something that another one does, with a time limit. One loop, one thread.
#pragma once

#include <chrono>
#include <memory>

#include "stratus/net/task.hpp"

namespace stratus::agent {

class Notifier {
 public:
  explicit Notifier(net::Executor executor);
  ~Notifier();

  // Wakes everybody who waits now; when nobody does, the next wait returns at once.
  void notify();
  // True when notified, false when the time was over.
  net::Task<bool> wait(std::chrono::milliseconds limit);
  net::Task<void> wait();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

net::Task<void> pause(std::chrono::milliseconds duration);
// True when the descriptor became readable in time. A pidfd is readable when its process has ended. Works, by
// looking now and then, also when this process has no descriptor left.
net::Task<bool> wait_readable(int fd, std::chrono::milliseconds limit);
net::Task<void> wait_readable(int fd);

}  // namespace stratus::agent
