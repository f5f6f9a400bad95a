#include "stratus/mcu/http.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace stratus::mcu::http_test {
namespace {

constexpr char kGood[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct ScriptStream final : Stream {
  std::string answer, sent;
  std::string afresh;  // on connections to come, unless empty
  std::size_t at = 0, piece = 7;
  int opened = 0;
  bool silent = false, deaf = false;  // until it is opened again: read() times out, write() fails
  bool open() override {
    if (!afresh.empty()) answer = afresh;
    if (!afresh.empty()) at = 0;
    silent = deaf = false;
    return ++opened > 0;
  }
  int32_t read(void* to, uint32_t size) override {
    if (silent) return -1;
    const std::size_t n = std::min({piece, static_cast<std::size_t>(size), answer.size() - at});
    memcpy(to, answer.data() + at, n);
    at += n;
    return static_cast<int32_t>(n);
  }
  bool readable() override { return true; }
  bool write(const void* from, uint32_t size) override {
    sent.append(static_cast<const char*>(from), size);
    return !deaf;
  }
  void close() override {}
};

struct TextSink final : ByteSink {
  std::string text;
  bool write(const uint8_t* data, uint32_t size) override {
    text.append(reinterpret_cast<const char*>(data), size);
    return true;
  }
};

class McuHttp : public testing::Test {
 protected:
  Cause get(const std::string& answer, const ByteRange* range = nullptr, uint32_t limit = 100) {
    stream.answer = answer;
    stream.at = 0;
    sink.text.clear();
    return client.get("/x", range, limit, sink, received);
  }
  ScriptStream stream;
  TextSink sink;
  HttpClient client{stream, "host"};
  std::uint32_t received = 0;
  const ByteRange two_to_five{2, 5, 10};
};

TEST_F(McuHttp, FetchesWhateverThePieces) {
  for (std::size_t piece : {1u, 5u, 300u}) {
    stream.piece = piece;
    EXPECT_EQ(get("HTTP/1.1 200 OK\r\ncontent-LENGTH:  5\r\nX: y\r\n\r\nhello"), Cause::ok);
    EXPECT_EQ(sink.text, "hello");
  }
  EXPECT_EQ(stream.opened, 1);  // kept alive
}

TEST_F(McuHttp, AsksForTheRangeAndTakesExactlyIt) {
  EXPECT_EQ(
      get("HTTP/1.1 206 P\r\nContent-Length: 4\r\nContent-Range: bytes 2-5/10\r\n\r\ncdef", &two_to_five),
      Cause::ok);
  EXPECT_EQ(stream.sent, "GET /x HTTP/1.1\r\nHost: host\r\nRange: bytes=2-5\r\n\r\n");
  EXPECT_EQ(sink.text, "cdef");
}

TEST_F(McuHttp, RefusesA200ToARange) {
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", &two_to_five), Cause::range_ignored);
  EXPECT_EQ(sink.text, "");
}

TEST_F(McuHttp, RefusesAnotherRangeOrTotal) {
  const std::string head = "HTTP/1.1 206 P\r\nContent-Length: 4\r\nContent-Range: bytes ";
  EXPECT_EQ(get(head + "3-6/10\r\n\r\nabcd", &two_to_five), Cause::range_ignored);
  EXPECT_EQ(get(head + "2-5/11\r\n\r\nabcd", &two_to_five), Cause::bad_size);
  EXPECT_EQ(get(head + "2-5/*\r\n\r\nabcd", &two_to_five), Cause::protocol);
  EXPECT_EQ(get(head + "2-99999999999/10\r\n\r\nabcd", &two_to_five), Cause::protocol);
}

TEST_F(McuHttp, NamesRefusals) {
  const auto status = [this](const char* code) {
    return get("HTTP/1.1 " + std::string(code) + " X\r\nContent-Length: 0\r\n\r\n");
  };
  EXPECT_EQ(status("401"), Cause::unauthorised);
  EXPECT_EQ(status("403"), Cause::unauthorised);
  EXPECT_EQ(status("404"), Cause::not_found);
  EXPECT_EQ(status("410"), Cause::expired);
  EXPECT_EQ(status("503"), Cause::unavailable);
  EXPECT_EQ(status("302"), Cause::protocol);
  EXPECT_EQ(status("999"), Cause::protocol);
}

TEST_F(McuHttp, RefusesWhatItCannotBound) {
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\n\r\n"), Cause::protocol);
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Cause::protocol);
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"), Cause::too_large);
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), Cause::protocol);
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), Cause::protocol);
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\nX: " + std::string(5000, 'x')), Cause::too_large);
  EXPECT_EQ(get("SSH-2.0-x\r\n"), Cause::protocol);
}

TEST_F(McuHttp, PassesInterimAnswersOverButNotForEver) {
  const std::string interim = "HTTP/1.1 100 Continue\r\nContent-Length: 7\r\n\r\n";
  const std::string real = kGood;
  EXPECT_EQ(get(interim + interim + real), Cause::ok);
  EXPECT_EQ(sink.text, "ok");
  std::string many;
  for (int i = 0; i < 100; ++i) many += interim;
  EXPECT_EQ(get(many + real), Cause::too_large);
}

TEST_F(McuHttp, ReportsABodyCutShort) {
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell"), Cause::io);
  EXPECT_EQ(received, 4u);
  EXPECT_EQ(get("HTTP/1.1 20"), Cause::io);
  EXPECT_EQ(stream.opened, 2);  // a new connection after a failure
}

TEST_F(McuHttp, AsksOnceMoreWhereAnOldConnectionEndedWithoutAWord) {
  const std::string good = kGood;
  EXPECT_EQ(get(""), Cause::io) << "a new connection is not repeated";
  EXPECT_EQ(stream.opened, 1);
  EXPECT_EQ(get(good), Cause::ok);
  EXPECT_EQ(stream.opened, 2);
  stream.afresh = good;
  EXPECT_EQ(get(""), Cause::ok);
  EXPECT_EQ(sink.text, "ok");
  EXPECT_EQ(stream.opened, 3);
  EXPECT_EQ(get("HTTP/1.1 200"), Cause::io) << "it had begun to answer";
  EXPECT_EQ(stream.opened, 3);
}

TEST_F(McuHttp, AsksOnceMoreWhereAnOldConnectionTakesNothing) {
  stream.afresh = kGood;
  EXPECT_EQ(get(""), Cause::ok);
  stream.deaf = true;
  EXPECT_EQ(get(""), Cause::ok);
  EXPECT_EQ(stream.opened, 2);
}

TEST_F(McuHttp, WaitsOnceOnlyForAServerThatHangs) {
  stream.afresh = kGood;
  EXPECT_EQ(get(""), Cause::ok);
  stream.silent = true;
  EXPECT_EQ(get(""), Cause::io);
  EXPECT_EQ(stream.opened, 1);
  EXPECT_EQ(get(""), Cause::ok) << "the next question finds a new connection";
  EXPECT_EQ(stream.opened, 2);
}

TEST_F(McuHttp, AsksNothingTwiceThatChangesSomething) {
  EXPECT_EQ(get(kGood), Cause::ok);
  stream.answer.clear();
  stream.at = 0;
  EXPECT_EQ(client.post("/x", {"{}", 2}, 100, sink), Cause::io);
  EXPECT_EQ(stream.opened, 1);
}

}  // namespace
}  // namespace stratus::mcu::http_test
