// The event loop of a program: one thread, coroutines, signals, timers.
//
//   net::Loop loop;
//   return loop.run(serve(options));   // Task<Result<void>> serve(…): start, wait_for_stop(), stop
//
// Everything here belongs to the thread that runs the loop.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/task.hpp"

namespace stratus::net {

class Loop {
 public:
  Loop();   // ignores SIGPIPE: OpenSSL and pipes write without MSG_NOSIGNAL
  ~Loop();  // destroys what still waits
  Executor executor();
  // Runs until `main` ends and answers its result; an exception that reaches the root becomes `internal`.
  // Tasks that others spawned may be left over: they end with the loop.
  Result<void> run(Task<Result<void>> main);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Starts a task at the root. For servers' own loops only: what needs an orderly end belongs in a TaskGroup.
// Exceptions are logged.
void spawn(const Executor& executor, Task<void> task);

// The next of these signals to arrive while waiting; 0 when the wait was cancelled.
Task<int> wait_for_signal(std::vector<int> signals);
// SIGTERM or SIGINT.
Task<void> wait_for_stop();

Task<void> sleep_for(Millis time);
// Lets everything else that is ready run first.
Task<void> yield_turn();

// Many may wait for "something changed"; notify_all wakes those that wait now. On one loop nothing can be
// missed between looking at the state and waiting, because only co_await gives the turn away.
class Notifier {
 public:
  explicit Notifier(const Executor& executor);
  ~Notifier();
  Task<void> wait();
  // False when `longest` passed without a notification.
  Task<bool> wait_for(Millis longest);
  Task<bool> wait_until(SteadyTime when);
  void notify_all();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// The tasks of one component. stop() cancels those that run and returns when all have ended; a cancelled
// task sees its current wait fail and unwinds by boost::system::system_error, which the group swallows.
// The group must be stopped, or the loop gone, before it is destroyed.
class TaskGroup {
 public:
  explicit TaskGroup(Executor executor);
  ~TaskGroup();
  void spawn(Task<void> task);
  std::size_t size() const;
  Task<void> join();  // waits without cancelling
  Task<void> stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace stratus::net
