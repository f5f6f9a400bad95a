#include "stratus/sim/slots.hpp"

namespace stratus::sim {

net::Task<Slots::Slot> Slots::take(net::Executor executor) {
  if (free_ > 0) {
    --free_;
    co_return Slot(*this);
  }
  waiting_.emplace_back(executor);
  Place place = Place{*this, std::prev(waiting_.end())};
  while (!place.at->granted) co_await place.at->turn.wait();
  place.taken = true;
  co_return Slot(*this);
}

void Slots::give_back() {
  for (Waiter& waiter : waiting_) {
    if (waiter.granted) continue;
    waiter.granted = true;
    waiter.turn.notify_all();
    return;
  }
  ++free_;
}

}  // namespace stratus::sim
