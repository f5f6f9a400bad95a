// An exchange whose answer carries X-Request-Id, and whose problem (RFC 9457) names it as `request_id`: what
// a person reads out to whoever has the log. Devices' own traffic goes without while all is well: its bytes
// count.
#pragma once

#include <string>

#include "stratus/net/http_server.hpp"

namespace stratus::server {

// The id that the caller (a proxy) gave, if it is 8 to 64 of [A-Za-z0-9_-]; else a new ULID.
std::string request_id_of(const net::RequestHead& request);
// `problem` with one member more. What is no JSON object stays as it is.
std::string with_request_id(std::string problem, std::string_view id);

class TaggedExchange final : public net::Exchange {
 public:
  // `inner` must outlive it.
  explicit TaggedExchange(net::Exchange& inner) : inner_(inner) {}

  const std::string& id();
  // Good answers carry the id too, not only refusals.
  void tag_always() { always_ = true; }
  bool always_tagged() const { return always_; }
  int status() const { return status_; }  // 0: not answered yet

  const net::RequestHead& request() const override { return inner_.request(); }
  net::Task<Result<std::size_t>> read_body(std::span<std::uint8_t> into) override {
    return inner_.read_body(into);
  }
  net::Task<Result<std::string>> read_all(std::size_t limit) override { return inner_.read_all(limit); }
  bool body_over_limit() const override { return inner_.body_over_limit(); }
  net::Task<Result<void>> respond(net::ResponseHead head, std::string body) override;
  net::Task<Result<void>> respond_file(net::ResponseHead head, int fd, std::uint64_t offset,
                                       std::uint64_t length) override;
  net::Task<Result<void>> begin(net::ResponseHead head, std::optional<std::uint64_t> length) override;
  net::Task<Result<void>> write(BytesView data) override { return inner_.write(data); }
  net::Task<Result<void>> write_file(int fd, std::uint64_t offset, std::uint64_t length) override {
    return inner_.write_file(fd, offset, length);
  }
  net::Task<Result<void>> finish() override { return inner_.finish(); }
  std::uint64_t bytes_sent() const override { return inner_.bytes_sent(); }

 private:
  void tag(net::ResponseHead& head);

  net::Exchange& inner_;
  std::string id_;
  bool always_ = false;
  int status_ = 0;
};

}  // namespace stratus::server
