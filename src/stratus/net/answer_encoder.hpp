// Content-Encoding br without stalling the loop: a small body is encoded at once, a larger one on a thread of
// its own, once however many ask for it at the same time. Used on the loop's thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "stratus/net/encoding.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/worker_pool.hpp"

namespace stratus::net {

class AnswerEncoder {
 public:
  explicit AnswerEncoder(Executor loop) : loop_(std::move(loop)) {}
  ~AnswerEncoder() { stop(); }

  // Empty: send the body as it is. `body` must live until then.
  Task<std::string> encode(const std::string& body);
  // Waits for what is being encoded (a fraction of a second); afterwards nothing larger is encoded.
  void stop();

 private:
  struct Flight;
  static constexpr std::size_t kAtOnce = 8u << 10;  // bytes; some 10 ms at the best quality
  static constexpr std::size_t kMost = 4u << 20;    // beyond it bodies go as they are
  static constexpr std::size_t kMostWaiting = 32;   // different bodies; beyond it they go as they are

  Executor loop_;
  BrotliCache cache_;
  std::map<std::string_view, std::shared_ptr<Flight>> flights_;
  std::unique_ptr<WorkerPool> pool_;  // made when first needed
  bool stopped_ = false;
};

}  // namespace stratus::net
