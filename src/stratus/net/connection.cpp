#include "stratus/net/connection.hpp"

#include <algorithm>
#include <cstring>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "stratus/net/platform/beast/request_parser.hpp"

namespace stratus::net {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

constexpr std::uint32_t kFirstBuffer = 4096;
constexpr std::uint32_t kMaxBuffer = kMaxHeadBytes + kFirstBuffer;
// So much is moved at a time before the other connections get their turn.
constexpr std::uint64_t kTurn = 1u << 20;

}  // namespace

void InputBuffer::consume(std::size_t count) {
  begin_ += static_cast<std::uint32_t>(count);
  if (begin_ == end_) begin_ = end_ = 0;
}

std::span<std::uint8_t> InputBuffer::prepare() {
  if (begin_ > 0) {
    std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_ && capacity_ < kMaxBuffer) {
    const std::uint32_t larger = std::clamp(capacity_ * 3, kFirstBuffer, kMaxBuffer);
    auto data = std::make_unique_for_overwrite<std::uint8_t[]>(larger);
    if (end_ > 0) std::memcpy(data.get(), data_.get(), end_);
    data_ = std::move(data);
    capacity_ = larger;
  }
  return {data_.get() + end_, capacity_ - end_};
}

void InputBuffer::release_if_empty() {
  if (!empty()) return;
  data_.reset();
  begin_ = end_ = capacity_ = 0;
}

Connection::Connection(const Executor& executor, std::unique_ptr<Transport> transport, std::string peer)
    : descriptor_(executor), transport_(std::move(transport)), peer_(std::move(peer)) {
  boost::system::error_code ignored;
  descriptor_.assign(transport_->fd(), ignored);
}

Connection::~Connection() {
  if (descriptor_.is_open()) descriptor_.release();  // the transport closes it
}

void Connection::cut_as_late() {
  late_ = true;
  deadline_ = SteadyTime::max();
  transport_->cut();
}

Error Connection::broken(std::string_view doing) const {
  if (late_) return Error(ErrorCode::timeout, peer_ + " was too slow while " + std::string(doing));
  return Error(ErrorCode::unavailable, peer_ + " closed the connection while " + std::string(doing));
}

Task<void> Connection::wait_readable() {
  boost::system::error_code ignored;
  co_await descriptor_.async_wait(Descriptor::wait_read, asio::redirect_error(asio::use_awaitable, ignored));
}

Task<bool> Connection::wait_for(Attempt attempt) {
  const bool reading = attempt.outcome == Attempt::Outcome::want_read;
  if (late_ || (!reading && attempt.outcome != Attempt::Outcome::want_write)) co_return false;
  if (stall_.count() > 0) deadline_ = std::chrono::steady_clock::now() + stall_;
  boost::system::error_code error;
  const auto kind = reading ? Descriptor::wait_read : Descriptor::wait_write;
  co_await descriptor_.async_wait(kind, asio::redirect_error(asio::use_awaitable, error));
  if (stall_.count() > 0) deadline_ = SteadyTime::max();
  co_return !error && !late_;
}

Task<Result<void>> Connection::shake_hands() {
  for (;;) {
    const Attempt attempt = transport_->handshake();
    if (attempt.outcome == Attempt::Outcome::moved) co_return Result<void>();
    const bool go_on = co_await wait_for(attempt);
    if (!go_on) co_return fail(broken("shaking hands"));
  }
}

Task<Result<std::size_t>> Connection::read_some(std::span<std::uint8_t> into) {
  for (;;) {
    const Attempt attempt = transport_->read(into);
    if (attempt.outcome == Attempt::Outcome::moved) co_return attempt.count;
    if (attempt.outcome == Attempt::Outcome::closed && !late_) co_return std::size_t{0};
    const bool go_on = co_await wait_for(attempt);
    if (!go_on) co_return fail(broken("sending its request"));
  }
}

Task<Result<void>> Connection::write(BytesView data, bool more) {
  while (!data.empty()) {
    const Attempt attempt = transport_->write(data, more);
    if (attempt.outcome == Attempt::Outcome::moved) {
      data = data.subspan(attempt.count);
      continue;
    }
    const bool go_on = co_await wait_for(attempt);
    if (!go_on) co_return fail(broken("receiving the response"));
  }
  co_return Result<void>();
}

Task<Result<void>> Connection::send_file(int file, std::uint64_t offset, std::uint64_t length) {
  std::uint64_t moved = 0;
  while (length > 0) {
    const Attempt attempt = transport_->send_file(file, offset, length);
    if (attempt.outcome == Attempt::Outcome::moved) {
      offset += attempt.count;
      length -= attempt.count;
      moved += attempt.count;
      if (moved >= kTurn && length > 0) {
        moved = 0;
        co_await asio::post(descriptor_.get_executor(), asio::use_awaitable);
      }
      continue;
    }
    moved = 0;
    const bool go_on = co_await wait_for(attempt);
    if (!go_on) co_return fail(broken("receiving the response"));
  }
  co_return Result<void>();
}

Task<void> Connection::close_slowly() {
  set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(2));
  transport_->end_sending();
  for (std::size_t turns = 0; turns < 64 && !late_; ++turns) {
    if (transport_->discard_input()) break;
    co_await wait_readable();
  }
}

}  // namespace stratus::net
