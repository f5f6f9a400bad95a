// One upstream transfer of a blob into the cache, and what its askers see of it. Internal to the blob cache;
// belongs to the loop's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "stratus/base/file.hpp"
#include "stratus/gateway/blob_answer.hpp"
#include "stratus/gateway/fill_names.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::gateway {

struct Fill : std::enable_shared_from_this<Fill> {
  enum class State : std::uint8_t {
    running,
    complete,
    failed,
    unstorable,  // the askers go on without the cache
  };

  Fill(const net::Executor& executor, std::string repository, std::string way, const Digest& blob)
      : names(std::move(repository)), via(std::move(way)), digest(blob), changed(executor), loop(executor) {}

  FillNames names;        // under which the upstream is asked
  const std::string via;  // of who asked first
  const Digest digest;
  State state = State::running;
  std::optional<std::uint64_t> total;
  std::uint64_t written = 0;
  std::uint64_t promised = 0;  // room in the index
  FileDescriptor fd;           // stays readable however the transfer ends
  std::optional<Error> error;  // once failed
  net::Notifier changed;
  std::uint64_t announced = 0;  // `written` when the askers were last woken
  SteadyTime announced_at{};
  const net::Executor loop;
  bool announces_soon = false;

  bool running() const { return state == State::running; }
  // How far askers may read.
  std::uint64_t readable() const {
    if (!total) return 0;
    return state == State::complete ? *total : std::min(written, released_before_verification(*total));
  }
  // Wakes the askers, but not a thousand of them for every few kilobytes: those wait up to kPause, however
  // long the upstream then takes for its next bytes.
  void announce(bool now) {
    constexpr std::uint64_t kStep = 128u << 10;
    const SteadyTime time = system_clock().steady();
    if (!now && written - announced < kStep && time - announced_at < kPause) {
      if (!std::exchange(announces_soon, true)) net::spawn(loop, announce_later(shared_from_this()));
      return;
    }
    announced = written;
    announced_at = time;
    changed.notify_all();
  }

 private:
  static constexpr Millis kPause{20};

  static net::Task<void> announce_later(std::shared_ptr<Fill> fill) {
    const Millis pause = kPause;
    co_await net::sleep_for(pause);
    fill->announces_soon = false;
    if (fill->announced != fill->written) fill->announce(true);
  }
};

}  // namespace stratus::gateway
