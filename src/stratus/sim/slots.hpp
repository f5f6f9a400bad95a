// How many may do something at once; the others wait in the order in which they came. On one loop.
#pragma once

#include <list>
#include <utility>

#include "stratus/net/loop.hpp"

namespace stratus::sim {

class Slots {
 public:
  explicit Slots(std::size_t count) : free_(count) {}
  Slots(const Slots&) = delete;

  class Slot {
   public:
    Slot() = default;
    explicit Slot(Slots& of) : of_(&of) {}
    Slot(Slot&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(of_, other.of_);
      return *this;
    }
    ~Slot() { release(); }
    void release() {
      if (Slots* const of = std::exchange(of_, nullptr)) of->give_back();
    }
    explicit operator bool() const { return of_ != nullptr; }

   private:
    Slots* of_ = nullptr;
  };

  net::Task<Slot> take(net::Executor executor);
  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiter {
    explicit Waiter(const net::Executor& executor) : turn(executor) {}
    net::Notifier turn;
    bool granted = false;
  };
  // In the list as long as its coroutine waits, however that ends; a turn that came too late is passed on.
  struct Place {
    Slots& slots;
    std::list<Waiter>::iterator at;
    bool taken = false;
    ~Place() {
      const bool pass_on = at->granted && !taken;
      slots.waiting_.erase(at);
      if (pass_on) slots.give_back();
    }
  };
  void give_back();

  std::size_t free_;
  std::list<Waiter> waiting_;
};

}  // namespace stratus::sim
