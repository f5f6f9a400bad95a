// The server's Exchange: reads one request's body, writes one response. Internal to net.
#pragma once

#include "stratus/net/answer_encoder.hpp"
#include "stratus/net/connection.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/platform/beast/request_parser.hpp"

namespace stratus::net {

class ServerExchange final : public Exchange {
 public:
  // All referred to must outlive it. `stopping`: answer with "Connection: close".
  ServerExchange(Connection& connection, RequestParser& parser, AnswerEncoder& encoder, const bool& stopping);

  const RequestHead& request() const override { return head_; }
  Task<Result<std::size_t>> read_body(std::span<std::uint8_t> into) override;
  Task<Result<std::string>> read_all(std::size_t limit) override;
  bool body_over_limit() const override { return over_limit_; }
  Task<Result<void>> respond(ResponseHead head, std::string body) override;
  Task<Result<void>> respond_file(ResponseHead head, int fd, std::uint64_t offset,
                                  std::uint64_t length) override;
  Task<Result<void>> begin(ResponseHead head, std::optional<std::uint64_t> length) override;
  Task<Result<void>> write(BytesView data) override;
  Task<Result<void>> write_file(int fd, std::uint64_t offset, std::uint64_t length) override;
  Task<Result<void>> finish() override;
  std::uint64_t bytes_sent() const override { return bytes_sent_; }

  // After the handler: makes the response whole or the connection unusable. Answers whether the
  // connection may carry another request.
  Task<bool> conclude(bool handler_failed);

 private:
  enum class Phase : std::uint8_t { fresh, streaming, finished, broken };

  std::string format_head(const ResponseHead& head, std::optional<std::uint64_t> length);
  bool body_suppressed(int status) const;
  bool unread_body_is_small() const;
  Result<void> check_fresh() const;
  Result<void> check_piece(std::uint64_t length);
  Task<Result<void>> send(BytesView data, bool more);
  Task<Result<void>> send_file(int fd, std::uint64_t offset, std::uint64_t length);

  Connection& connection_;
  RequestParser& parser_;
  AnswerEncoder& encoder_;
  const bool& stopping_;
  RequestHead head_;
  std::uint64_t body_left_ = 0;  // with a length
  std::uint64_t response_left_ = 0;
  std::uint64_t bytes_sent_ = 0;
  Phase phase_ = Phase::fresh;
  bool chunked_body_ = false;
  bool body_done_ = false;
  bool body_broken_ = false;
  bool owes_continue_ = false;
  bool over_limit_ = false;
  bool chunked_response_ = false;
  bool without_body_ = false;
  bool keep_alive_ = false;
};

}  // namespace stratus::net
