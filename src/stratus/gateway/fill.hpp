// One upstream transfer of a blob into the cache, and what its askers see of it. Internal to the blob cache;
// belongs to the loop's thread.
#pragma once

#include <optional>
#include <string>

#include "stratus/base/file.hpp"
#include "stratus/gateway/blob_answer.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::gateway {

struct Fill {
  enum class State : std::uint8_t {
    running,
    complete,
    failed,
    unstorable,  // the askers go on without the cache
  };

  Fill(const net::Executor& executor, std::string repository, const Digest& blob)
      : name(std::move(repository)), digest(blob), changed(executor) {}

  const std::string name;
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

  bool running() const { return state == State::running; }
  // How far askers may read.
  std::uint64_t readable() const {
    if (!total) return 0;
    return state == State::complete ? *total : std::min(written, released_before_verification(*total));
  }
  // Wakes the askers, but not a thousand of them for every few kilobytes.
  void announce(bool now) {
    constexpr std::uint64_t kStep = 128u << 10;
    const SteadyTime time = system_clock().steady();
    if (!now && written - announced < kStep && time - announced_at < Millis(20)) return;
    announced = written;
    announced_at = time;
    changed.notify_all();
  }
};

}  // namespace stratus::gateway
