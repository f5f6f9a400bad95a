#include "stratus/net/mqtt_link.hpp"

#include <array>

#include <boost/asio/post.hpp>

namespace stratus::net {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

constexpr int kReadsInTurn = 16;

}  // namespace

MqttLink::MqttLink(const Executor& executor, std::unique_ptr<Transport> transport,
                   wire::mqtt::ClientSession& session, SteadyTime handshake_deadline, Millis read_pause,
                   std::function<void(Error)> on_end)
    : descriptor_(executor),
      timer_(executor),
      transport_(std::move(transport)),
      session_(session),
      handshake_deadline_(handshake_deadline),
      read_pause_(read_pause),
      on_end_(std::move(on_end)) {
  boost::system::error_code ignored;
  descriptor_.assign(transport_->fd(), ignored);
}

MqttLink::~MqttLink() { release(); }

void MqttLink::release() {
  if (descriptor_.is_open()) descriptor_.release();  // the transport closes it
  timer_.cancel();
}

void MqttLink::wake() {
  if (!ended_ && !stepping_) step_later();  // a step that runs writes at its end
}

void MqttLink::step_later() {
  if (step_posted_) return;
  step_posted_ = true;
  asio::post(descriptor_.get_executor(), [self = shared_from_this()] {
    self->step_posted_ = false;
    self->step();
  });
}

void MqttLink::close() {
  if (ended_) return;
  ended_ = true;  // a write that fails ends nothing more
  if (shaken_) {
    session_.end();
    (void)write_output();
  }
  transport_->end_sending();
  release();
  transport_.reset();
}

void MqttLink::drop() {
  if (ended_) return;
  ended_ = true;
  transport_->reset_on_close();
  release();
  transport_.reset();
}

void MqttLink::end(Error why) {
  if (ended_) return;
  ended_ = true;
  release();
  transport_.reset();
  session_.closed();
  on_end_(std::move(why));
}

Error MqttLink::broken() const {
  const std::string& problem = transport_->problem();
  if (!shaken_) {
    return Error(problem.empty() ? ErrorCode::unavailable : ErrorCode::denied,
                 "TLS with the broker: " + (problem.empty() ? "it closed the connection" : problem));
  }
  if (!problem.empty()) return Error(ErrorCode::denied, "the broker ended TLS: " + problem);
  return Error(ErrorCode::unavailable, "the broker closed the connection");
}

void MqttLink::step() {
  const auto self = shared_from_this();  // an event may let go of the link
  if (ended_) return;
  stepping_ = true;
  const bool go_on = shake_hands() && write_output() && read_input() && write_output();
  stepping_ = false;
  if (go_on && !ended_) wait();
}

bool MqttLink::shake_hands() {
  if (shaken_) return true;
  const auto now = std::chrono::steady_clock::now();
  const Attempt attempt = transport_->handshake();
  if (attempt.outcome == Attempt::Outcome::moved) {
    shaken_ = true;
    session_.start(now);
    return true;
  }
  if (attempt.outcome == Attempt::Outcome::closed || attempt.outcome == Attempt::Outcome::failed) {
    end(broken());
    return false;
  }
  if (now >= handshake_deadline_) {
    end(Error(ErrorCode::timeout, "the broker does not answer"));
    return false;
  }
  want_write_ = attempt.outcome == Attempt::Outcome::want_write;
  wait();
  return false;
}

bool MqttLink::write_output() {
  want_write_ = false;
  for (;;) {
    if (written_ == output_.size()) {
      output_ = session_.take_output();
      written_ = 0;
      if (output_.empty()) return true;
    }
    const Attempt attempt = transport_->write(as_bytes(output_).subspan(written_), false);
    switch (attempt.outcome) {
      case Attempt::Outcome::moved:
        written_ += attempt.count;
        break;
      case Attempt::Outcome::want_write:
        want_write_ = true;
        return true;
      case Attempt::Outcome::want_read:
        return true;
      default:
        if (session_.held()) {  // nothing is read that could tell
          end(broken());
          return false;
        }
        // What the broker said last (a refusal) may still wait to be read.
        return true;
    }
  }
}

bool MqttLink::read_input() {
  has_read_ = false;
  std::array<std::uint8_t, 16384> buffer;
  const auto now = std::chrono::steady_clock::now();
  for (int i = 0; i < kReadsInTurn && !session_.held(); ++i) {
    const Attempt attempt = transport_->read(buffer);
    if (attempt.outcome == Attempt::Outcome::want_read || attempt.outcome == Attempt::Outcome::want_write)
      break;
    if (attempt.outcome != Attempt::Outcome::moved) {
      end(broken());
      return false;
    }
    has_read_ = true;
    auto taken = session_.receive(BytesView(buffer).first(attempt.count), now);
    if (ended_) return false;
    if (!taken) {
      end(std::move(taken.error()));
      return false;
    }
    if (i + 1 == kReadsInTurn) step_later();  // the other connections get their turn first
  }
  auto alive = session_.tick(now);
  if (!alive) {
    end(std::move(alive.error()));
    return false;
  }
  return true;
}

void MqttLink::wait() {
  if (want_write_) wait_for(Descriptor::wait_write, waits_writable_);
  const SteadyTime deadline = shaken_ ? session_.deadline() : handshake_deadline_;
  if (has_read_ && read_pause_.count() > 0) {
    wait_until(std::min(deadline, std::chrono::steady_clock::now() + read_pause_));
    return;
  }
  if (!session_.held()) wait_for(Descriptor::wait_read, waits_readable_);
  wait_until(deadline);
}

void MqttLink::wait_until(SteadyTime when) {
  if (when == timer_at_ || when == SteadyTime::max()) return;
  timer_at_ = when;
  timer_.expires_at(when);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error) return;
    self->timer_at_ = SteadyTime::max();
    self->step();
  });
}

void MqttLink::wait_for(Descriptor::wait_type what, bool& waiting) {
  if (waiting) return;
  waiting = true;
  descriptor_.async_wait(what, [self = shared_from_this(), &waiting](const boost::system::error_code& error) {
    waiting = false;
    if (!error) self->step();
  });
}

}  // namespace stratus::net
