// Blobs passed through without being kept: with --no-cache, and when there is no room for them. One upstream
// transfer each, at the asker's pace. A whole blob is hashed on the way and its end withheld until the digest
// is right; a part of one cannot be, its asker checks the whole.
#pragma once

#include <optional>
#include <string>

#include "stratus/crypto/sha256.hpp"
#include "stratus/gateway/counters.hpp"
#include "stratus/gateway/upstream.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/worker_pool.hpp"

namespace stratus::gateway {

class Passage {
 public:
  Passage(Upstream& upstream, net::WorkerPool& pool, Counters& counters)
      : upstream_(upstream), pool_(pool), counters_(counters) {}

  // Answers GET with or without Range, and HEAD. An error was not answered yet; once the answer has begun, a
  // failure cuts the connection.
  net::Task<Result<void>> pass(net::Exchange& exchange, const std::string& name, const Digest& digest);

  // Where an answer that has begun stands.
  struct Rest {
    std::uint64_t at = 0;   // the next byte to send
    std::uint64_t end = 0;  // behind the last
    std::uint64_t total = 0;
    std::optional<Sha256> hash;  // over everything before `at`; none: a part that cannot be verified
  };
  net::Task<Result<void>> pass_rest(net::Exchange& exchange, const std::string& name, const Digest& digest,
                                    Rest rest);

 private:
  struct State;
  net::Task<Result<void>> pass_as_asked(net::Exchange& exchange, const std::string& name,
                                        const Digest& digest);
  net::Task<Result<void>> run(net::Exchange& exchange, const std::string& name, const Digest& digest,
                              State& state);
  net::Task<Result<void>> attempt(net::Exchange& exchange, const std::string& target, const Digest& digest,
                                  State& state);
  net::Task<Result<void>> take(net::Exchange& exchange, const Digest& digest, State& state, BytesView data);

  Upstream& upstream_;
  net::WorkerPool& pool_;
  Counters& counters_;
};

// What a status that is no blob means for the asker.
Error error_of_status(const net::ClientResponse& answer, const std::string& what);

}  // namespace stratus::gateway
