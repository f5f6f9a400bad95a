// One accepted connection: the waiting around a Transport, its input buffer and its deadline.
// Small while idle (the buffer is freed), because there may be 15,000 of them. Lives on the server's loop;
// internal to net.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "stratus/base/bytes.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/task.hpp"
#include "stratus/net/transport.hpp"

namespace stratus::net {

// Bytes received and not yet understood. At most a request head and a bit.
class InputBuffer {
 public:
  BytesView view() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void consume(std::size_t count);
  std::span<std::uint8_t> prepare();  // room for more; empty when the bound is reached
  void commit(std::size_t count) { end_ += count; }
  void release_if_empty();

 private:
  std::unique_ptr<std::uint8_t[]> data_;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t capacity_ = 0;
};

class Connection {
 public:
  Connection(const Executor& executor, std::unique_ptr<Transport> transport, std::string peer);
  ~Connection();

  InputBuffer& input() { return input_; }
  Transport& transport() { return *transport_; }
  const std::string& peer() const { return peer_; }

  // The server's sweep cuts what is past its deadline; every wait then ends and the next attempt fails.
  void set_deadline(SteadyTime when) {
    deadline_ = when;
    stall_ = Millis{0};
  }
  // From now on each wait for the peer may take so long.
  void set_stall_limit(Millis limit) {
    deadline_ = SteadyTime::max();
    stall_ = limit;
  }
  bool overdue(SteadyTime now) const { return now > deadline_; }
  SteadyTime deadline() const { return deadline_; }
  void cut_as_late();
  bool idle = false;  // between requests: may be closed at any time

  Task<void> wait_readable();
  Task<Result<void>> shake_hands();
  Task<Result<std::size_t>> read_some(std::span<std::uint8_t> into);  // 0: the peer has closed
  Task<Result<void>> write(BytesView data, bool more);
  Task<Result<void>> send_file(int file, std::uint64_t offset, std::uint64_t length);
  // Ends our side, then swallows what the peer still sends until it closes or the deadline passes, so that
  // a reset does not overtake the answer.
  Task<void> close_slowly();

 private:
  Task<bool> wait_for(Attempt attempt);  // false: `closed` or `failed`, nothing to wait for
  Error broken(std::string_view doing) const;

  boost::asio::posix::stream_descriptor descriptor_;
  std::unique_ptr<Transport> transport_;
  InputBuffer input_;
  std::string peer_;
  SteadyTime deadline_ = SteadyTime::max();
  Millis stall_{0};
  bool late_ = false;
};

}  // namespace stratus::net
