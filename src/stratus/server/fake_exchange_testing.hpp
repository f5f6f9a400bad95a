// For tests of routes: an Exchange without a socket, which takes a request as values and keeps the answer;
// and somebody who asks.
#pragma once

#include <cstring>

#include "stratus/net/http_server.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class FakeExchange final : public net::Exchange {
 public:
  FakeExchange(std::string method, std::string target, std::string body = {}) : body_(std::move(body)) {
    head_.method = std::move(method);
    head_.target = std::move(target);
    head_.path = head_.target.substr(0, head_.target.find('?'));
    head_.peer_address = "192.0.2.1:4711";
  }

  net::RequestHead& head() { return head_; }
  int status() const { return answer_.status; }
  std::string header(std::string_view name) const {
    return std::string(answer_.headers.get(name).value_or(""));
  }
  const std::string& answer() const { return text_; }

  const net::RequestHead& request() const override { return head_; }
  net::Task<Result<std::size_t>> read_body(std::span<std::uint8_t> into) override {
    const std::size_t count = std::min(into.size(), body_.size());
    std::memcpy(into.data(), body_.data(), count);
    body_.erase(0, count);
    co_return count;
  }
  net::Task<Result<std::string>> read_all(std::size_t limit) override {
    over_ = body_.size() > limit;
    if (over_) co_return fail(ErrorCode::no_space, "too large");
    co_return std::move(body_);
  }
  bool body_over_limit() const override { return over_; }
  net::Task<Result<void>> respond(net::ResponseHead head, std::string body) override {
    answer_ = std::move(head);
    text_ = std::move(body);
    co_return Result<void>();
  }
  net::Task<Result<void>> respond_file(net::ResponseHead, int, std::uint64_t, std::uint64_t) override {
    co_return fail(ErrorCode::internal, "no files here");
  }
  net::Task<Result<void>> begin(net::ResponseHead head, std::optional<std::uint64_t>) override {
    answer_ = std::move(head);
    co_return Result<void>();
  }
  net::Task<Result<void>> write(BytesView data) override {
    text_ += as_text(data);
    co_return Result<void>();
  }
  net::Task<Result<void>> write_file(int, std::uint64_t, std::uint64_t) override {
    co_return fail(ErrorCode::internal, "no files here");
  }
  net::Task<Result<void>> finish() override { co_return Result<void>(); }
  std::uint64_t bytes_sent() const override { return text_.size(); }

 private:
  net::RequestHead head_;
  std::string body_;
  net::ResponseHead answer_{0, {}};
  std::string text_;
  bool over_ = false;
};

class FixedAuthenticator final : public Authenticator {
 public:
  net::Task<Result<Principal>> identify(const net::RequestHead&) override { co_return principal; }
  Principal principal;
};

}  // namespace stratus::server
