// When the failure of a link that is tried again and again is worth a line in the log: at once when the link
// worked before, after a while when it never did (programs that start together find each other within the
// first seconds), and once until it works again. Pure; the owner says what happened.
#pragma once

#include "stratus/base/clock.hpp"

namespace stratus::net {

class LinkTrouble {
 public:
  static constexpr Millis kFirstSeconds{5000};

  // An attempt failed, or the link was lost. True: say so.
  bool is_news(SteadyTime now) {
    if (!failing_) since_ = now;
    failing_ = true;
    if (told_ || (!worked_ && now - since_ < kFirstSeconds)) return false;
    told_ = true;
    return true;
  }
  void works() {
    worked_ = true;
    failing_ = told_ = false;
  }

 private:
  bool worked_ = false, failing_ = false, told_ = false;
  SteadyTime since_{};
};

}  // namespace stratus::net
