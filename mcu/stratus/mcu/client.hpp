// The whole device in a super-loop: the link to the fleet, rounds of the agent, and what is said about them.
//
// | the round ended with            | it is told as              | then                       |
// |---------------------------------|----------------------------|----------------------------|
// | reboot                          | progress                   | the caller restarts        |
// | accepted                        | committed                  |                            |
// | idle, what runs is the target   | committed, once a release  | asks again after a poll    |
// | idle, target is known to be bad | rolled_back or failed,once | asks again after a poll    |
// | idle, image refused             | failed, once               | never fetches it again     |
// | idle, cancelled                 | cancelled                  | asks again after a poll    |
// | idle, anything else             | progress                   | asks again, ever more slowly |
#pragma once

#include "stratus/mcu/link.hpp"

namespace stratus::mcu {

class Client {
 public:
  Client(Agent& agent, Updater& updater, Link& link, Clock& clock)
      : agent_(agent), updater_(updater), link_(link), clock_(clock) {}

  // Call again and again, with pauses of milliseconds. True: a restart is due, and everything is said.
  bool poll();
  // Whether the last poll was a round of the agent, for logs: its result is then in agent.cause().
  bool was_round() const { return was_round_; }
  AgentStep step() const { return step_; }

 private:
  void judge();
  void note_stored();
  void tell(const char* state, const char* status, Cause cause);
  Updater* untold();
  uint32_t release() const;

  Agent& agent_;
  Updater& updater_;
  Link& link_;
  Clock& clock_;
  uint32_t due_ = 0;
  AgentStep step_ = AgentStep::idle;
  uint32_t announced_ = 0;  // CRC of the release told to run, since this start
  bool started_ = false;
  Updater* telling_ = nullptr;  // whose given-up update the word under way is about
  uint32_t told_of_ = 0;        // CRC of its release
  bool was_round_ = false;
};

}  // namespace stratus::mcu
