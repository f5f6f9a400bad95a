// HTTP/1.1 response heads from bytes, without I/O: Boost.Beast's parser behind a small interface. Bodies are
// delimited by Content-Length, as our servers send what devices fetch; anything else is refused. One object a
// response. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/http_message.hpp"

namespace stratus::net {

class ResponseParser {
 public:
  // `to_head`: of a HEAD request, so no body follows whatever the fields say.
  explicit ResponseParser(bool to_head = false);
  ~ResponseParser();

  // Offer the unconsumed bytes again, with more behind them, until it is complete. `invalid` for what is no
  // response, larger than 32 KiB, or without a length.
  struct HeadProgress {
    std::size_t consumed = 0;
    bool complete = false;
  };
  Result<HeadProgress> parse_head(BytesView input);

  // After the head.
  ResponseHead take_head();
  std::uint64_t content_length() const;
  bool keep_alive() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stratus::net
