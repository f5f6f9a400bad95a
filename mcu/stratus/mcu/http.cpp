#include "stratus/mcu/http.hpp"

#include "stratus/mcu/text.hpp"

namespace stratus::mcu {
namespace {

constexpr uint32_t kMaximumHead = 4096;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// The value when `line` starts with `name` (lower case, with its colon), else null.
const char* header_value(const char* line, const char* name) {
  for (; *name != 0; ++name, ++line) {
    if (lower(*line) != *name) return nullptr;
  }
  while (*line == ' ' || *line == '\t') ++line;
  return line;
}

// Decimal, no sign, no overflow; moves past it.
bool number(const char*& at, uint32_t& value) {
  if (*at < '0' || *at > '9') return false;
  value = 0;
  for (; *at >= '0' && *at <= '9'; ++at) {
    const auto digit = static_cast<uint32_t>(*at - '0');
    if (value > (0xffffffffu - digit) / 10) return false;
    value = value * 10 + digit;
  }
  return true;
}

Cause cause_of_status(uint16_t status) {
  switch (status) {
    case 200:
    case 201:
    case 206:
      return Cause::ok;
    case 401:
    case 403:
      return Cause::unauthorised;
    case 404:
      return Cause::not_found;
    case 410:
      return Cause::expired;
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return Cause::unavailable;
    default:
      return Cause::protocol;
  }
}

}  // namespace

void HttpHeadParser::begin() {
  memset(&head_, 0, sizeof head_);
  total_ = length_ = 0;
  first_line_ = true;
  complete_ = false;
}

Cause HttpHeadParser::feed(const uint8_t* data, uint32_t size, uint32_t& used) {
  for (used = 0; used < size && !complete_;) {
    const char c = static_cast<char>(data[used++]);
    if (++total_ > kMaximumHead) return Cause::too_large;
    if (c != '\n') {
      if (length_ < sizeof line_ - 1) line_[length_++] = c;
      continue;
    }
    if (length_ != 0 && line_[length_ - 1] == '\r') --length_;
    line_[length_] = 0;
    if (Cause cause = line(); cause != Cause::ok) return cause;
    length_ = 0;
  }
  return Cause::ok;
}

Cause HttpHeadParser::line() {
  if (first_line_) {
    first_line_ = false;
    const char* at = header_value(line_, "http/1.1");
    uint32_t status = 0;
    if (at == nullptr || !number(at, status) || status < 100 || status > 599) return Cause::protocol;
    head_.status = static_cast<uint16_t>(status);
    return Cause::ok;
  }
  if (length_ == 0) {
    // Interim answers (100 Continue) are followed by the real one; all together stay below the limit.
    if (head_.status < 200) {
      const uint32_t total = total_;
      begin();
      total_ = total;
    } else {
      complete_ = true;
    }
    return Cause::ok;
  }
  if (const char* at = header_value(line_, "content-length:"); at != nullptr) {
    if (head_.has_length || !number(at, head_.length) || *at != 0) return Cause::protocol;
    head_.has_length = true;
  } else if (at = header_value(line_, "content-range:"); at != nullptr) {
    at = header_value(at, "bytes");
    if (at == nullptr || head_.has_range) return Cause::protocol;
    if (*at == '*') return Cause::ok;  // of a 416
    if (!number(at, head_.first) || *at++ != '-' || !number(at, head_.last) || *at++ != '/' ||
        !number(at, head_.total) || *at != 0) {
      return Cause::protocol;
    }
    head_.has_range = true;
  } else if (header_value(line_, "transfer-encoding:") != nullptr) {
    return Cause::protocol;
  } else if (at = header_value(line_, "connection:"); at != nullptr) {
    head_.close = header_value(at, "close") != nullptr;
  }
  return Cause::ok;
}

void HttpClient::close() {
  if (open_) stream_.close();
  open_ = false;
}

Cause HttpClient::request(const char* method, const char* path, const ByteRange* range, const Text* body) {
  if (!open_ && !stream_.open()) return Cause::io;
  open_ = true;
  const char* const parts[] = {method, path, " HTTP/1.1\r\nHost: ", host_, "\r\n"};
  for (const char* part : parts) {
    if (!stream_.write(part, length_of(part))) return Cause::io;
  }
  char tail[80];
  TextWriter out(tail, sizeof tail);
  if (range != nullptr)
    out.text("Range: bytes=").number(range->first).text("-").number(range->last).text("\r\n");
  if (body != nullptr)
    out.text("Content-Type: application/json\r\nContent-Length: ").number(body->size).text("\r\n");
  out.text("\r\n");
  const bool sent = out.ok() && stream_.write(tail, out.size()) &&
                    (body == nullptr || stream_.write(body->data, body->size));
  return sent ? Cause::ok : Cause::io;
}

Cause HttpClient::answer(const ByteRange* range, uint32_t limit, ByteSink& sink, uint32_t& received) {
  uint32_t have = 0, used = 0;
  while (!parser_.complete()) {
    const int32_t n = stream_.read(buffer_, sizeof buffer_);
    if (n < 0) again_ = false;  // a server that hangs would hang once more
    if (n <= 0) return Cause::io;
    have = static_cast<uint32_t>(n);
    if (Cause cause = parser_.feed(buffer_, have, used); cause != Cause::ok) return cause;
  }
  const HttpHead& head = parser_.head();
  if (Cause cause = cause_of_status(head.status); cause != Cause::ok) return cause;
  if (!head.has_length) return Cause::protocol;
  if (range != nullptr) {
    if (head.has_range && head.total != range->total) return Cause::bad_size;
    if (head.status != 206 || !head.has_range || head.first != range->first || head.last != range->last ||
        head.length != range->last - range->first + 1) {
      return Cause::range_ignored;
    }
  } else if (head.status == 206) {
    return Cause::protocol;
  }
  if (head.length > limit) return Cause::too_large;

  uint32_t left = head.length;
  uint32_t at = used;
  for (;;) {
    uint32_t n = have - at;
    if (n > left) return Cause::protocol;  // more than it said
    if (n != 0 && !sink.write(buffer_ + at, n)) return Cause::io;
    received += n;
    left -= n;
    if (left == 0) return Cause::ok;
    const int32_t got = stream_.read(buffer_, sizeof buffer_ < left ? sizeof buffer_ : left);
    if (got <= 0) return Cause::io;
    have = static_cast<uint32_t>(got);
    at = 0;
  }
}

Cause HttpClient::get(const char* path, const ByteRange* range, uint32_t limit, ByteSink& sink,
                      uint32_t& received) {
  return exchange("GET ", path, range, nullptr, limit, sink, received);
}

Cause HttpClient::post(const char* path, const Text& json, uint32_t limit, ByteSink& sink) {
  uint32_t received;
  return exchange("POST ", path, nullptr, &json, limit, sink, received);
}

Cause HttpClient::exchange(const char* method, const char* path, const ByteRange* range, const Text* body,
                           uint32_t limit, ByteSink& sink, uint32_t& received) {
  received = 0;
  for (again_ = open_ && body == nullptr;; again_ = false) {
    parser_.begin();
    Cause cause = request(method, path, range, body);
    if (cause == Cause::ok) cause = answer(range, limit, sink, received);
    if (cause != Cause::ok || parser_.head().close) close();
    // The other end may have ended a connection that idled, before it saw the question.
    if (cause != Cause::io || !again_ || parser_.has_begun()) return cause;
  }
}

}  // namespace stratus::mcu
