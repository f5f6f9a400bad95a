#include "stratus/net/server_exchange.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "stratus/base/clock.hpp"

namespace stratus::net {
namespace {

constexpr std::size_t kJoin = 64 * 1024;   // head and body go out in one segment up to here
constexpr std::size_t kDrain = 64 * 1024;  // so much unread request body is worth a kept connection
constexpr std::size_t kWorthEncoding = 256;

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 416:
      return "Range Not Satisfiable";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return "";
  }
}

bool is_json(const Headers& headers) {
  const auto type = headers.get("Content-Type");
  return type && !headers.get("Content-Encoding") &&
         (type->starts_with("application/json") || type->starts_with("application/problem+json"));
}

}  // namespace

ServerExchange::ServerExchange(Connection& connection, RequestParser& parser, AnswerEncoder& encoder,
                               const bool& stopping)
    : connection_(connection),
      parser_(parser),
      encoder_(encoder),
      stopping_(stopping),
      head_(parser.take_head()) {
  head_.peer_address = connection.peer();
  head_.secure = connection.transport().secure();
  head_.peer_certificate = connection.transport().peer_certificate();
  chunked_body_ = parser.chunked();
  body_left_ = head_.content_length.value_or(0);
  body_done_ = !chunked_body_ && body_left_ == 0;
  owes_continue_ = !body_done_ && parser.expects_continue();
}

Task<Result<std::size_t>> ServerExchange::read_body(std::span<std::uint8_t> into) {
  if (body_broken_) co_return fail(ErrorCode::invalid, "the request body was broken before");
  InputBuffer& input = connection_.input();
  if (owes_continue_ && phase_ == Phase::fresh) {
    owes_continue_ = false;
    if (input.empty()) {
      const BytesView go_on = as_bytes("HTTP/1.1 100 Continue\r\n\r\n");
      auto sent = co_await connection_.write(go_on, false);
      if (!sent) co_return forward_error(std::move(sent));
    }
  }
  while (!body_done_ && !into.empty()) {
    if (!chunked_body_) {
      const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), body_left_));
      std::size_t count = std::min(most, input.view().size());
      if (count > 0) {
        std::memcpy(into.data(), input.view().data(), count);
        input.consume(count);
      } else {
        auto got = co_await connection_.read_some(into.first(most));
        if (!got) co_return forward_error(std::move(got));
        count = *got;
      }
      if (count == 0) {
        body_broken_ = true;
        co_return fail(ErrorCode::unavailable,
                       fmt::format("{} closed the connection {} bytes before the end of "
                                   "its request body",
                                   head_.peer_address, body_left_));
      }
      body_left_ -= count;
      body_done_ = body_left_ == 0;
      co_return count;
    }
    auto progress = parser_.parse_chunked(input.view(), into);
    if (!progress) {
      body_broken_ = true;
      co_return forward_error(std::move(progress));
    }
    input.consume(progress->consumed);
    body_done_ = progress->done;
    if (progress->produced > 0) co_return progress->produced;
    if (body_done_ || progress->consumed > 0) continue;
    const auto room = input.prepare();
    if (room.empty()) {  // a chunk head longer than the whole buffer
      body_broken_ = true;
      co_return fail(ErrorCode::invalid, head_.peer_address + " sent a request body that does not parse");
    }
    auto got = co_await connection_.read_some(room);
    if (!got) co_return forward_error(std::move(got));
    if (*got == 0) {
      body_broken_ = true;
      co_return fail(ErrorCode::invalid, head_.peer_address + " sent a request body that does not end");
    }
    input.commit(*got);
  }
  co_return std::size_t{0};
}

Task<Result<std::string>> ServerExchange::read_all(std::size_t limit) {
  std::string body;
  over_limit_ = head_.content_length.value_or(0) > limit;
  if (!over_limit_) body.reserve(static_cast<std::size_t>(head_.content_length.value_or(0)));
  while (!over_limit_) {
    const std::size_t have = body.size();
    body.resize(have + 16384);
    const std::span<std::uint8_t> room(reinterpret_cast<std::uint8_t*>(body.data()) + have, 16384);
    auto got = co_await read_body(room);
    if (!got) co_return forward_error(std::move(got));
    body.resize(have + *got);
    if (*got == 0) co_return body;
    over_limit_ = body.size() > limit;
  }
  co_return fail(ErrorCode::no_space, fmt::format("the request body is larger than {} bytes", limit));
}

bool ServerExchange::body_suppressed(int status) const {
  return head_.method == "HEAD" || status == 204 || status == 304;
}

bool ServerExchange::unread_body_is_small() const {
  if (body_done_) return true;
  return !body_broken_ && !owes_continue_ && !chunked_body_ && body_left_ <= kDrain;
}

std::string ServerExchange::format_head(const ResponseHead& head, std::optional<std::uint64_t> length) {
  // The peer may have a newer certificate by now; a connection shows it in its handshake only.
  const auto& certificate = head_.peer_certificate;
  const bool expired = certificate && certificate->not_after <= system_clock().wall();
  keep_alive_ = parser_.keep_alive() && !stopping_ && !expired && unread_body_is_small();
  chunked_response_ = !length && !parser_.http_1_0();
  if (!length && parser_.http_1_0()) keep_alive_ = false;
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", head.status, reason_phrase(head.status));
  for (const auto& [name, value] : head.headers.all()) {
    text.append(name).append(": ");
    // A value never ends its line early, whatever it was made from.
    for (const char c : value) text.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
    text.append("\r\n");
  }
  if (head.status != 204 && head.status != 304) {
    if (length) {
      text += fmt::format("Content-Length: {}\r\n", *length);
    } else if (chunked_response_) {
      text += "Transfer-Encoding: chunked\r\n";
    }
  }
  if (!keep_alive_) {
    text += "Connection: close\r\n";
  } else if (parser_.http_1_0()) {
    text += "Connection: keep-alive\r\n";
  }
  text += "\r\n";
  return text;
}

Result<void> ServerExchange::check_fresh() const {
  if (phase_ == Phase::fresh) return {};
  return fail(ErrorCode::internal, "a second response to " + head_.method + " " + head_.path);
}

Task<Result<void>> ServerExchange::send(BytesView data, bool more) {
  auto sent = co_await connection_.write(data, more);
  if (sent) {
    bytes_sent_ += data.size();
  } else {
    phase_ = Phase::broken;
  }
  co_return sent;
}

Task<Result<void>> ServerExchange::send_file(int fd, std::uint64_t offset, std::uint64_t length) {
  auto sent = co_await connection_.send_file(fd, offset, length);
  if (sent) {
    bytes_sent_ += length;
  } else {
    phase_ = Phase::broken;
  }
  co_return sent;
}

Task<Result<void>> ServerExchange::respond(ResponseHead head, std::string body) {
  STRATUS_CO_CHECK(check_fresh());
  const auto accepted = head_.headers.get("Accept-Encoding");
  if (body.size() >= kWorthEncoding && accepted && list_contains(*accepted, "br") && is_json(head.headers)) {
    std::string encoded = co_await encoder_.encode(body);
    if (!encoded.empty()) {
      body = std::move(encoded);
      head.headers.set("Content-Encoding", "br");
    }
  }
  std::string text = format_head(head, body.size());
  if (body_suppressed(head.status)) body.clear();
  phase_ = Phase::finished;
  const bool joined = body.size() <= kJoin;
  if (joined) text += body;
  auto sent = co_await send(as_bytes(text), !joined);
  if (sent && !joined) sent = co_await send(as_bytes(body), false);
  co_return sent;
}

Task<Result<void>> ServerExchange::respond_file(ResponseHead head, int fd, std::uint64_t offset,
                                                std::uint64_t length) {
  STRATUS_CO_CHECK(check_fresh());
  const std::string text = format_head(head, length);
  phase_ = Phase::finished;
  const bool body = length > 0 && !body_suppressed(head.status);
  // Pages of a long file start a segment of their own: receivers on the same machine spend an eighth less CPU
  // on them. Records of TLS are copied into segments anyway.
  const bool joined = length <= kJoin || connection_.transport().secure();
  auto sent = co_await send(as_bytes(text), body && joined);
  if (sent && body) sent = co_await send_file(fd, offset, length);
  co_return sent;
}

Task<Result<void>> ServerExchange::begin(ResponseHead head, std::optional<std::uint64_t> length) {
  STRATUS_CO_CHECK(check_fresh());
  const std::string text = format_head(head, length);
  phase_ = Phase::streaming;
  without_body_ = body_suppressed(head.status);
  response_left_ = length.value_or(0);
  if (!length) response_left_ = UINT64_MAX;
  auto sent = co_await send(as_bytes(text), false);
  co_return sent;
}

Result<void> ServerExchange::check_piece(std::uint64_t length) {
  if (phase_ != Phase::streaming)
    return fail(ErrorCode::internal, "a piece of a response that has not begun");
  if (length > response_left_) {
    phase_ = Phase::broken;
    return fail(ErrorCode::internal, "a response longer than announced");
  }
  if (response_left_ != UINT64_MAX) response_left_ -= length;
  return {};
}

Task<Result<void>> ServerExchange::write(BytesView data) {
  STRATUS_CO_CHECK(check_piece(data.size()));
  if (data.empty() || without_body_) co_return Result<void>();
  if (!chunked_response_) {
    auto sent = co_await send(data, false);
    co_return sent;
  }
  std::string chunk = fmt::format("{:x}\r\n", data.size());
  chunk.append(as_text(data)).append("\r\n");
  auto sent = co_await send(as_bytes(chunk), false);
  co_return sent;
}

Task<Result<void>> ServerExchange::write_file(int fd, std::uint64_t offset, std::uint64_t length) {
  STRATUS_CO_CHECK(check_piece(length));
  if (length == 0 || without_body_) co_return Result<void>();
  if (chunked_response_) {
    const std::string mark = fmt::format("{:x}\r\n", length);
    auto marked = co_await send(as_bytes(mark), true);
    if (!marked) co_return marked;
  }
  auto sent = co_await send_file(fd, offset, length);
  if (sent && chunked_response_) sent = co_await send(as_bytes("\r\n"), false);
  co_return sent;
}

Task<Result<void>> ServerExchange::finish() {
  STRATUS_CO_CHECK(check_piece(0));
  if (response_left_ != UINT64_MAX && response_left_ != 0 && !without_body_) {
    phase_ = Phase::broken;
    co_return fail(ErrorCode::internal,
                   fmt::format("a response {} bytes shorter than announced", response_left_));
  }
  phase_ = Phase::finished;
  if (chunked_response_ && !without_body_) {
    auto sent = co_await send(as_bytes("0\r\n\r\n"), false);
    co_return sent;
  }
  co_return Result<void>();
}

Task<bool> ServerExchange::conclude(bool handler_failed) {
  if (phase_ == Phase::fresh) {
    const Error error(ErrorCode::internal, handler_failed
                                               ? "the request could not be handled; see the server's log"
                                               : "the request was not answered");
    (void)co_await respond_problem(*this, error);
  }
  if (phase_ == Phase::streaming || phase_ == Phase::broken) {  // a torn body: the peer must notice
    connection_.transport().reset_on_close();
    co_return false;
  }
  if (!keep_alive_ || !unread_body_is_small()) {
    if (!body_done_ || !connection_.input().empty())
      co_await connection_.close_slowly();
    else
      connection_.transport().end_sending();
    co_return false;
  }
  const auto waste = std::make_unique_for_overwrite<std::uint8_t[]>(4096);
  while (!body_done_) {
    const std::span<std::uint8_t> room(waste.get(), 4096);
    auto got = co_await read_body(room);
    if (!got) co_return false;
  }
  co_return true;
}

}  // namespace stratus::net
