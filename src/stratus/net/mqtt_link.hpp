// One connection of an MqttSession: the waiting around a Transport that carries a ClientSession's bytes both
// ways. Internal to net.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/task.hpp"
#include "stratus/net/transport.hpp"
#include "stratus/wire/mqtt/client_session.hpp"

namespace stratus::net {

// Callbacks instead of coroutines: three things are awaited at once (readable, writable, a time) and each
// leads to the same next step. Held by shared pointers, because what it waits for refers to it.
class MqttLink : public std::enable_shared_from_this<MqttLink> {
 public:
  // `session` and what `on_end` refers to must live until the link has ended.
  MqttLink(const Executor& executor, std::unique_ptr<Transport> transport, wire::mqtt::ClientSession& session,
           SteadyTime handshake_deadline, Millis read_pause, std::function<void(Error)> on_end);
  ~MqttLink();

  void start() { step(); }
  // The session has something to write: does so in the loop's next turn, once for many calls.
  void wake();
  // Says goodbye as far as the socket takes it. on_end is not called.
  void close();
  // Without a word. on_end is not called.
  void drop();

 private:
  void step();
  void step_later();
  bool shake_hands();
  bool write_output();
  bool read_input();
  void wait();
  void wait_until(SteadyTime when);
  void wait_for(boost::asio::posix::descriptor_base::wait_type what, bool& waiting);
  void end(Error why);
  void release();
  Error broken() const;

  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<Transport> transport_;
  wire::mqtt::ClientSession& session_;
  SteadyTime handshake_deadline_;
  Millis read_pause_;
  SteadyTime timer_at_ = SteadyTime::max();
  std::function<void(Error)> on_end_;
  std::string output_;
  std::size_t written_ = 0;
  bool shaken_ = false;
  bool ended_ = false;
  bool step_posted_ = false;
  bool stepping_ = false;
  bool want_write_ = false;
  bool has_read_ = false;  // in this step
  bool waits_readable_ = false;
  bool waits_writable_ = false;
};

}  // namespace stratus::net
