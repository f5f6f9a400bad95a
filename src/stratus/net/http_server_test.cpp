#include "stratus/net/http_server.hpp"

#include <atomic>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/net/encoding.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/raw_client_testing.hpp"

namespace stratus::net {
namespace {

// A server on its own thread with a handler for the tests.
class HttpServerTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    auto listening = HttpServer::listen(loop_.executor(), std::move(options),
                                        [this](Exchange& exchange) { return handle(exchange); });
    ASSERT_TRUE(listening) << listening.error().text();
    server_ = std::move(*listening);
    stop_ = std::make_unique<Notifier>(loop_.executor());
    thread_ = std::thread([this] { EXPECT_TRUE(loop_.run(serve())); });
  }
  void TearDown() override { stop_server(); }
  void stop_server() {
    if (!thread_.joinable()) return;
    spawn(loop_.executor(), request_stop());
    thread_.join();
  }
  Task<void> request_stop() {
    stop_->notify_all();
    co_return;
  }
  Task<Result<void>> serve() {
    co_await stop_->wait();
    co_await server_->stop(std::chrono::seconds(5));
    stopped_connections_ = server_->connections();
    co_return Result<void>();
  }

  Task<void> handle(Exchange& exchange) {
    const RequestHead& head = exchange.request();
    ResponseHead ok;
    ok.headers.set("Content-Type", "application/json");
    if (head.path == "/echo") {
      auto body = co_await exchange.read_all(100'000);
      if (!body) {
        (void)co_await respond_problem(exchange, body.error());
      } else {
        (void)co_await exchange.respond(ok, std::move(*body));
      }
    } else if (head.path == "/file") {
      ByteRange range{0, file_size_};
      const auto verdict = parse_range(head.headers.get("Range"), file_size_, range);
      ok.status = verdict == RangeVerdict::partial ? 206 : 200;
      (void)co_await exchange.respond_file(ok, file_.get(), range.first, range.length);
      ++files_ended_;
    } else if (head.path == "/chunks") {
      (void)co_await exchange.begin(ok, std::nullopt);
      for (int i = 0; i < 3; ++i) {
        (void)co_await exchange.write(as_bytes("piece"));
      }
      (void)co_await exchange.finish();
    } else if (head.path == "/torn") {
      (void)co_await exchange.begin(ok, 100);
      (void)co_await exchange.write(as_bytes("half"));
    } else if (head.path == "/throw") {
      throw std::runtime_error("handler fault");
    } else if (head.path == "/silent") {
      co_return;
    } else if (head.path == "/inject") {
      ok.headers.set("X-Text", "a\r\nSet-Cookie: b");
      (void)co_await exchange.respond(ok, "x");
    } else {
      (void)co_await exchange.respond(ok, head.method + " " + head.target);
    }
  }

  std::uint16_t port() const { return server_->port(); }
  void make_file(std::uint64_t size) {
    content_.resize(size);
    for (std::size_t i = 0; i < size; ++i) content_[i] = static_cast<char>(i * 131 + i / 251);
    ASSERT_TRUE(write_file_atomically(directory_ / "file", content_));
    file_ = std::move(open_file(directory_ / "file", O_RDONLY).value());
    file_size_ = size;
  }

  testing::TemporaryDirectory directory_;
  Loop loop_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Notifier> stop_;
  std::thread thread_;
  FileDescriptor file_;
  std::string content_;
  std::uint64_t file_size_ = 0;
  std::size_t stopped_connections_ = 99;
  std::atomic<int> files_ended_{0};
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
  start();
  RawClient client(port());
  client.send("GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_response(),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\nGET /a?x=1");
  client.send("HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.read_until("\r\n\r\n").ends_with("Content-Length: 9\r\n\r\n"));
  client.send("GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.read_to_end().ends_with("Connection: close\r\n\r\nGET /b"));
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.read_response().ends_with("abc"));
  EXPECT_TRUE(client.read_response().ends_with("GET /1"));
  EXPECT_TRUE(client.read_response().ends_with("GET /2"));
}

TEST_F(HttpServerTest, ReadsRequestsThatArriveByteByByte) {
  start();
  RawClient client(port());
  const std::string text =
      "\r\nPOST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: "
      "t\r\n\r\nGET /n HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const char c : text) client.send(std::string_view(&c, 1));
  EXPECT_TRUE(client.read_response().ends_with("\r\n\r\nhello!"));
  EXPECT_TRUE(client.read_response().ends_with("GET /n"));
}

TEST_F(HttpServerTest, SendsContinueOnlyWhenTheBodyIsRead) {
  start();
  RawClient client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_TRUE(client.read_response().ends_with("\r\n\r\nok"));
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n");
  const std::string refused = client.read_to_end();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 200")) << refused;
  EXPECT_NE(refused.find("Connection: close"), std::string::npos);
}

TEST_F(HttpServerTest, BoundsBodies) {
  start();
  for (const bool chunked : {false, true}) {
    RawClient client(port());
    client.send(chunked ? "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                        : "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n");
    for (int i = 0; i < 30; ++i) {
      if (chunked) client.send("2710\r\n");
      client.send(std::string(10'000, 'x'));
      if (chunked) client.send("\r\n");
    }
    if (chunked) client.send("0\r\n\r\n");
    EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 413 "));
  }
}

TEST_F(HttpServerTest, SkipsASmallBodyNobodyRead) {
  start();
  RawClient client(port());
  client.send(
      "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET /y HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.read_response().ends_with("POST /x"));
  EXPECT_TRUE(client.read_response().ends_with("GET /y"));
}

TEST_F(HttpServerTest, RefusesWhatTwoParsersCouldReadDifferently) {
  start();
  const std::string start_line = "POST /echo HTTP/1.1\r\n";
  const std::pair<std::string, const char*> cases[] = {
      {start_line + "Host: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
      {start_line + "Host: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", "400"},
      {start_line + "Host: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", "400"},
      {start_line + "Host: h\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n", "400"},
      {start_line + "Host: h\r\nContent-Length: 4, 4\r\n\r\n", "400"},
      {start_line + "Host: h\r\nContent-Length: +4\r\n\r\n", "400"},
      {start_line + "Host: h\r\nContent-Length: -1\r\n\r\n", "400"},
      {start_line + "Host: h\r\nContent-Length: 99999999999999999999\r\n\r\n", "400"},
      {start_line + "Host: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "400"},
      {start_line + "Host: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n", "400"},
      {start_line + "Host: h\r\nTransfer-Encoding: xchunked\r\n\r\n", "400"},
      {start_line + "Host: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
      {start_line + "Host: h\r\nTransfer-Encoding : chunked\r\n\r\n", "400"},
      {start_line + "Host: h\r\n Transfer-Encoding: chunked\r\n\r\n", "400"},
      {"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505"},
      {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", "505"},
      {"GET /\r\n\r\n", "400"},
      {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
      {"GET / HTTP/1.1\nHost: h\n\n", "505"},
      {"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "505"},
      {std::string("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 29), "400"},
      {"GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", "400"},
      {"GET echo HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hello\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n", "431"},
      {"GET /" + std::string(40'000, 'x') + " HTTP/1.1\r\n", "431"},
  };
  for (const auto& [request, status] : cases) {
    RawClient client(port());
    client.send(request + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    client.finish_sending();
    const std::string answer = client.read_to_end();
    const std::string shown = request.substr(0, 80);
    EXPECT_TRUE(answer.starts_with(std::string("HTTP/1.1 ") + status)) << shown << " -> " << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos) << shown;
    EXPECT_EQ(answer.find("smuggled"), std::string::npos) << shown;
  }
}

TEST_F(HttpServerTest, ClosesAfterBrokenChunks) {
  start();
  for (const char* const body : {"xyz\r\nabc\r\n0\r\n\r\n", "-1\r\n\r\n", "2\r\nabc\r\n0\r\n\r\n",
                                 "fffffffffffffffff\r\n", "5\nhello\n0\n\n"}) {
    RawClient client(port());
    client.send(std::string("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n") + body +
                "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    client.finish_sending();
    const std::string answer = client.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << body << answer;
    EXPECT_EQ(answer.find("GET /smuggled"), std::string::npos) << body;
  }
}

TEST_F(HttpServerTest, SendsFilesAndRangesOfThem) {
  make_file(3'000'000);
  start();
  RawClient client(port());
  client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.read_response().ends_with("\r\n\r\n" + content_));
  client.send("GET /file HTTP/1.1\r\nHost: h\r\nRange: bytes=1000000-1000009\r\n\r\n");
  const std::string part = client.read_response();
  EXPECT_TRUE(part.starts_with("HTTP/1.1 206 "));
  EXPECT_TRUE(part.ends_with("\r\n\r\n" + content_.substr(1'000'000, 10)));
}

TEST_F(HttpServerTest, SendsChunksToNewAndPlainBytesToOldClients) {
  start();
  RawClient client(port());
  client.send("GET /chunks HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.read_until("0\r\n\r\n")
                  .ends_with("\r\n\r\n5\r\npiece\r\n5\r\npiece\r\n5\r\npiece\r\n0\r\n\r\n"));
  RawClient old(port());
  old.send("GET /chunks HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(old.read_to_end().ends_with("Connection: close\r\n\r\npiecepiecepiece"));
}

TEST_F(HttpServerTest, CutsTornResponsesAndSurvivesFaultyHandlers) {
  start();
  RawClient torn(port());
  torn.send("GET /torn HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)torn.read_to_end();
  EXPECT_TRUE(torn.was_reset());
  for (const char* const path : {"/throw", "/silent"}) {
    RawClient client(port());
    client.send(std::string("GET ") + path +
                " HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.read_response().starts_with("HTTP/1.1 500 "));
    EXPECT_TRUE(client.read_response().ends_with("GET /next"));
  }
}

TEST_F(HttpServerTest, NeverLetsAValueEndItsLine) {
  start();
  RawClient client(port());
  client.send("GET /inject HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_response().find("\r\nSet-Cookie"), std::string::npos);
}

TEST_F(HttpServerTest, EncodesJsonForThoseWhoAcceptIt) {
  start();
  const std::string body = "[" + std::string(2000, ' ') + "]";
  const std::string head = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size());
  RawClient client(port());
  client.send(head + "\r\nAccept-Encoding: gzip, br\r\n\r\n" + body);
  const std::string answer = client.read_response();
  EXPECT_NE(answer.find("Content-Encoding: br\r\n"), std::string::npos);
  EXPECT_EQ(brotli_decompress(answer.substr(answer.find("\r\n\r\n") + 4), 10'000).value(), body);
  client.send(head + "\r\nAccept-Encoding: br;q=0\r\n\r\n" + body);
  EXPECT_TRUE(client.read_response().ends_with(body));
}

TEST_F(HttpServerTest, CutsSlowHeadsIdleAndStalledConnections) {
  make_file(30'000'000);
  ServerOptions options;
  options.head_timeout = Millis(40);
  options.idle_timeout = Millis(40);
  options.stall_timeout = Millis(40);
  start(std::move(options));
  RawClient silent(port());
  EXPECT_EQ(silent.read_to_end(), "");
  RawClient slow_head(port());
  slow_head.send("GET / HT");
  EXPECT_EQ(slow_head.read_to_end(), "");
  RawClient slow_body(port());
  slow_body.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  (void)slow_body.read_to_end();
  RawClient idle(port());
  idle.send("GET /i HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(idle.read_to_end().ends_with("GET /i"));
  // A peer that does not read: the server gives up although the socket buffers are full.
  RawClient not_reading(port());
  not_reading.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  while (files_ended_ == 0) std::this_thread::yield();
  EXPECT_LT(not_reading.read_to_end().size(), file_size_);
}

TEST_F(HttpServerTest, RefusesMoreConnectionsThanAllowed) {
  ServerOptions options;
  options.max_connections = 2;
  start(std::move(options));
  RawClient first(port());
  first.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)first.read_response();
  RawClient second(port());
  second.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)second.read_response();
  RawClient third(port());
  EXPECT_EQ(third.read_to_end(), "");
  first.send("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(first.read_response().ends_with("GET /3"));
}

TEST_F(HttpServerTest, StopsIdleConnectionsAtOnceAndLetsRunningOnesFinish) {
  start();
  RawClient idle(port());
  idle.send("GET /i HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)idle.read_response();
  RawClient running(port());
  running.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  (void)running.read_until("\r\n\r\n");  // the handler is at work
  spawn(loop_.executor(), request_stop());
  EXPECT_EQ(idle.read_to_end(), "");
  running.send("last");
  const std::string answer = running.read_to_end();
  EXPECT_TRUE(answer.ends_with("last"));
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  thread_.join();
  EXPECT_EQ(stopped_connections_, 0u);
}

TEST(HttpServerListen, ExplainsWhatItCannotDo) {
  Loop loop;
  const Handler none = [](Exchange&) -> Task<void> { co_return; };
  ServerOptions options;
  options.address = "not an address";
  EXPECT_EQ(HttpServer::listen(loop.executor(), options, none).error().code(), ErrorCode::invalid);
  options.address = "127.0.0.1";
  auto first = HttpServer::listen(loop.executor(), options, none);
  ASSERT_TRUE(first);
  options.port = (*first)->port();
  EXPECT_FALSE(HttpServer::listen(loop.executor(), options, none));
  options.tls = ServerTls{"/nonexistent.pem", "/nonexistent.key"};
  EXPECT_EQ(HttpServer::listen(loop.executor(), options, none).error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace stratus::net
