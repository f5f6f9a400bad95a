// HTTP/1.1 over one keep-alive connection: GET with Range to fetch manifests and images, POST to enrol.
//
// No chunked bodies, no redirects, no cookies. A 200 answer to a Range request is refused: its bytes would be
// others than those asked for. Bytes go to the sink as they arrive.
#pragma once

#include "stratus/mcu/bytes.hpp"
#include "stratus/mcu/cause.hpp"
#include "stratus/mcu/ports.hpp"
#include "stratus/mcu/text.hpp"

namespace stratus::mcu {

struct HttpHead {
  uint16_t status;
  bool has_length, has_range, close;
  uint32_t length;
  uint32_t first, last, total;  // of Content-Range
};

// Reads a response head from pieces of any size.
class HttpHeadParser {
 public:
  void begin();
  // Takes bytes up to the end of the head; `used` says how many. ok with complete(): the head is whole.
  Cause feed(const uint8_t* data, uint32_t size, uint32_t& used);
  bool complete() const { return complete_; }
  bool has_begun() const { return total_ != 0; }
  const HttpHead& head() const { return head_; }

 private:
  Cause line();
  HttpHead head_ = {};
  uint32_t total_ = 0;
  uint8_t length_ = 0;
  bool first_line_ = true;
  bool complete_ = false;
  char line_[56];  // what is longer is cut: nothing we read is
};

struct ByteRange {
  uint32_t first, last;  // inclusive
  uint32_t total;        // size the whole must have
};

class HttpClient {
 public:
  HttpClient(Stream& stream, const char* host) : stream_(stream), host_(host) {}

  // The body, at most `limit` bytes, goes to `sink`. With `range` exactly those bytes, or a failure. After
  // any failure the connection is closed and the next call opens a new one; a question on an older connection
  // that ends without a word is asked once more on a new one; one that is met with silence is not. `received`
  // counts body bytes that reached the sink.
  Cause get(const char* path, const ByteRange* range, uint32_t limit, ByteSink& sink, uint32_t& received);
  // Sends a JSON text; the answer's body goes to `sink`.
  Cause post(const char* path, const Text& json, uint32_t limit, ByteSink& sink);
  void close();

 private:
  Cause exchange(const char* method, const char* path, const ByteRange* range, const Text* body,
                 uint32_t limit, ByteSink& sink, uint32_t& received);
  Cause request(const char* method, const char* path, const ByteRange* range, const Text* body);
  Cause answer(const ByteRange* range, uint32_t limit, ByteSink& sink, uint32_t& received);

  Stream& stream_;
  const char* host_;
  bool open_ = false;
  bool again_ = false;  // the question may be asked once more
  HttpHeadParser parser_;
  uint8_t buffer_[96];
};

}  // namespace stratus::mcu
