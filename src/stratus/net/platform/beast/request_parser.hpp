// HTTP/1.1 requests from bytes, without I/O: Boost.Beast's parser behind a small interface, and the checks
// that keep two parsers in a row from disagreeing about where a request ends (RFC 9112 sections 6 and 11.2).
// One object a request. Not thread-safe.
#pragma once

#include <memory>
#include <string>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/http_message.hpp"

namespace stratus::net {

inline constexpr std::size_t kMaxHeadBytes = 32 * 1024;

class RequestParser {
 public:
  RequestParser();
  ~RequestParser();

  struct HeadProgress {
    std::size_t consumed = 0;
    bool complete = false;
    int refuse_status = 0;  // not 0: answer so and close
    std::string reason;
  };
  // Offer the unconsumed bytes again, with more behind them, until `complete`.
  HeadProgress parse_head(BytesView input);

  bool started() const;

  // After the head.
  RequestHead take_head();
  bool keep_alive() const;
  bool http_1_0() const;
  bool chunked() const;
  bool expects_continue() const;

  // A chunked body: decodes from `input` into `into`. Nothing consumed and nothing produced: more input is
  // needed. `invalid` when the framing is broken.
  struct BodyProgress {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool done = false;
  };
  Result<BodyProgress> parse_chunked(BytesView input, std::span<std::uint8_t> into);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stratus::net
