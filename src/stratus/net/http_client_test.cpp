#include "stratus/net/http_client.hpp"

#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/certificate.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::net {
namespace {

// Server and client on one loop; each test is one coroutine.
class HttpClientTest : public ::testing::Test {
 protected:
  void run(const std::function<Task<Result<void>>()>& test, bool tls = false) {
    ServerOptions options;
    if (tls) {
      certificate_ = make_certificate("server");
      options.tls = ServerTls{certificate_.certificate, certificate_.key};
    }
    auto listening = HttpServer::listen(loop_.executor(), options,
                                        [this](Exchange& exchange) { return handle(exchange); });
    ASSERT_TRUE(listening) << listening.error().text();
    server_ = std::move(*listening);
    url_ = (tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(server_->port());
    ClientOptions client_options;
    client_options.ca_file = certificate_.certificate;
    client_ = HttpClient::make(loop_.executor(), client_options);
    released_ = std::make_unique<Notifier>(loop_.executor());
    const auto ended = loop_.run(finish(test()));
    EXPECT_TRUE(ended) << ended.error().text();
  }
  Task<Result<void>> finish(Task<Result<void>> test) {
    auto result = co_await std::move(test);
    client_.reset();
    co_await server_->stop(std::chrono::seconds(1));
    co_return result;
  }
  crypto::TlsFiles make_certificate(const std::string& name) {
    crypto::CertificateOptions options;
    options.names = {"127.0.0.1", "localhost"};
    options.now = system_clock().wall();
    return crypto::ensure_tls_files(directory_.path(), name, options).value();
  }

  Task<void> handle(Exchange& exchange) {
    const RequestHead& head = exchange.request();
    last_head_ = head;
    ResponseHead ok;
    ok.headers.set("Content-Type", "application/json");
    if (head.path == "/echo") {
      auto body = co_await exchange.read_all(10u << 20);
      if (body) (void)co_await exchange.respond(ok, std::move(*body));
    } else if (head.path == "/missing") {
      ok.status = 404;
      (void)co_await exchange.respond(ok, "{\"no\":1}");
    } else if (head.path == "/torn") {
      (void)co_await exchange.begin(ok, 1000);
      (void)co_await exchange.write(as_bytes("torn"));
    } else if (head.path == "/chunks") {
      (void)co_await exchange.begin(ok, std::nullopt);
      for (int i = 0; i < 10; ++i) {
        (void)co_await exchange.write(as_bytes(content_));
      }
      (void)co_await exchange.finish();
    } else if (head.path == "/hang") {
      ++hanging_;
      co_await released_->wait();
    } else {
      (void)co_await exchange.respond(ok, content_);
    }
    sent_ += exchange.bytes_sent();
  }

  ClientRequest get(const std::string& path) const {
    ClientRequest request;
    request.url = url_ + path;
    return request;
  }

  testing::TemporaryDirectory directory_;
  crypto::TlsFiles certificate_;
  Loop loop_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<HttpClient> client_;
  std::unique_ptr<Notifier> released_;
  RequestHead last_head_;
  std::string url_;
  std::string content_ = "{\"content\":true}";
  std::uint64_t sent_ = 0;
  int hanging_ = 0;
};

TEST_F(HttpClientTest, SendsNoFieldThatNobodyAskedFor) {
  run([&]() -> Task<Result<void>> {
    const auto response = co_await client_->send(get("/x"));
    if (!response) co_return fail(response.error());
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, content_);
    EXPECT_EQ(response->headers.get("content-type"), "application/json");
    EXPECT_EQ(last_head_.headers.all().size(), 2u);  // Host, Accept-Encoding
    const std::string request =
        "GET /x HTTP/1.1\r\nHost: " + url_.substr(7) + "\r\nAccept-Encoding: br\r\n\r\n";
    EXPECT_EQ(client_->traffic().sent, request.size());
    EXPECT_EQ(client_->traffic().received, sent_);
    co_return Result<void>();
  });
}

TEST_F(HttpClientTest, CountsEncodedBytesAndAnswersDecodedOnes) {
  run([&]() -> Task<Result<void>> {
    ClientRequest request = get("/echo");
    request.method = "POST";
    request.body = "[" + std::string(5000, ' ') + "]";
    const std::string body = request.body;
    const auto response = co_await client_->send(std::move(request));
    if (!response) co_return fail(response.error());
    EXPECT_EQ(response->body, body);
    EXPECT_LT(client_->traffic().received, 300u);
    EXPECT_EQ(client_->traffic().received, sent_);
    EXPECT_GT(client_->traffic().sent, body.size());
    EXPECT_LT(client_->traffic().sent, body.size() + 200);
    co_return Result<void>();
  });
}

TEST_F(HttpClientTest, StreamsChunkedAnswers) {
  content_.assign(100'000, 'c');
  run([&]() -> Task<Result<void>> {
    std::uint64_t total = 0;
    int heads = 0;
    const std::function<Result<void>(const ClientResponse&)> on_head = [&](const ClientResponse& head) {
      EXPECT_EQ(head.status, 200);
      EXPECT_EQ(total, 0u);
      ++heads;
      return Result<void>();
    };
    const ByteSink sink = [&](BytesView data) {
      total += data.size();
      return Result<void>();
    };
    const auto response = co_await client_->download(get("/chunks"), on_head, sink);
    EXPECT_TRUE(response);
    EXPECT_EQ(total, 1'000'000u);
    EXPECT_EQ(heads, 1);
    EXPECT_EQ(client_->traffic().received, sent_);
    co_return Result<void>();
  });
}

TEST_F(HttpClientTest, RestsWhileAPacedSinkWorks) {
  content_.assign(1'000'000, 'c');
  run([&]() -> Task<Result<void>> {
    std::uint64_t total = 0, seen_at_rest = 0;
    const std::function<Result<void>(const ClientResponse&)> on_head;
    const HttpClient::PacedSink slow = [&](BytesView data) -> Task<Result<void>> {
      for (int turn = 0; total == 0 && turn < 2'000; ++turn) {
        co_await yield_turn();
      }
      if (total == 0) seen_at_rest = client_->traffic().received;
      total += data.size();
      co_return Result<void>();
    };
    ClientRequest large = get("/chunks");
    large.max_response = 20'000'000;
    const auto response = co_await client_->download_paced(std::move(large), on_head, slow);
    EXPECT_TRUE(response);
    EXPECT_EQ(total, 10'000'000u);
    EXPECT_GT(seen_at_rest, 0u);
    EXPECT_LT(seen_at_rest, 1'000'000u);
    const HttpClient::PacedSink full = [](BytesView) -> Task<Result<void>> {
      co_return fail(ErrorCode::no_space, "full");
    };
    auto refused = co_await client_->download_paced(get("/chunks"), on_head, full);
    EXPECT_EQ(refused.error().code(), ErrorCode::no_space);
    refused = co_await client_->download_paced(get("/torn"), on_head, slow);
    EXPECT_EQ(refused.error().code(), ErrorCode::unavailable);
    EXPECT_EQ(total, 10'000'004u);
    refused = co_await client_->download_paced(get("/missing"), on_head, full);
    EXPECT_EQ(refused->body, "{\"no\":1}");
    co_return Result<void>();
  });
}

TEST_F(HttpClientTest, LetsTheCallerRefuseHeadAndBody) {
  run([&]() -> Task<Result<void>> {
    const std::function<Result<void>(const ClientResponse&)> refuse = [](const ClientResponse&) {
      return Result<void>(fail(ErrorCode::conflict, "not this one"));
    };
    const std::function<Result<void>(const ClientResponse&)> accept;
    const ByteSink full = [](BytesView) { return Result<void>(fail(ErrorCode::no_space, "full")); };
    const ByteSink never = [](BytesView) {
      ADD_FAILURE();
      return Result<void>();
    };
    auto response = co_await client_->download(get("/x"), refuse, never);
    EXPECT_EQ(response.error().code(), ErrorCode::conflict);
    response = co_await client_->download(get("/x"), accept, full);
    EXPECT_EQ(response.error().code(), ErrorCode::no_space);
    response = co_await client_->download(get("/missing"), refuse, never);
    EXPECT_EQ(response->status, 404);
    EXPECT_EQ(response->body, "{\"no\":1}");
    ClientRequest small = get("/x");
    small.max_response = 3;
    response = co_await client_->send(std::move(small));
    EXPECT_EQ(response.error().code(), ErrorCode::no_space);
    ClientRequest split = get("/x");
    split.headers.set("X", "a\r\nB: c");
    response = co_await client_->send(std::move(split));
    EXPECT_EQ(response.error().code(), ErrorCode::invalid);
    co_return Result<void>();
  });
}

TEST_F(HttpClientTest, TellsFailuresApart) {
  run([&]() -> Task<Result<void>> {
    auto response = co_await client_->send(get("/torn"));
    EXPECT_EQ(response.error().code(), ErrorCode::unavailable);
    ClientRequest late = get("/hang");
    late.total_timeout = std::chrono::milliseconds(50);
    response = co_await client_->send(std::move(late));
    EXPECT_EQ(response.error().code(), ErrorCode::timeout);
    ClientRequest wrong = get("/x");
    wrong.url = "ftp://127.0.0.1/x";
    response = co_await client_->send(std::move(wrong));
    EXPECT_EQ(response.error().code(), ErrorCode::invalid);
    ClientRequest nobody = get("/x");
    nobody.url = "http://127.0.0.1:1/x";
    response = co_await client_->send(std::move(nobody));
    EXPECT_EQ(response.error().code(), ErrorCode::unavailable);
    EXPECT_NE(response.error().text().find("http://127.0.0.1:1/x"), std::string::npos);
    released_->notify_all();
    co_return Result<void>();
  });
}

TEST_F(HttpClientTest, TakesACutHeadForNoAnswer) {
  const FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  std::thread peer([&] {
    const FileDescriptor connection(::accept(listener.get(), nullptr, nullptr));
    char request[4096];
    (void)!::read(connection.get(), request, sizeof request);
    constexpr std::string_view kCut = "HTTP/1.1 200 OK\r\nContent-Ty";
    (void)!::write(connection.get(), kCut.data(), kCut.size());
  });
  run([&]() -> Task<Result<void>> {
    ClientRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    auto answer = co_await client_->send(request);
    EXPECT_FALSE(answer);
    if (!answer) EXPECT_EQ(answer.error().code(), ErrorCode::unavailable);
    co_return Result<void>();
  });
  peer.join();
}

TEST_F(HttpClientTest, UploadsAPartOfAFile) {
  run([&]() -> Task<Result<void>> {
    const std::string text(3'000'000, 'u');
    STRATUS_CO_CHECK(write_file_atomically(directory_ / "up", "head" + text + "tail"));
    ClientRequest request = get("/echo");
    request.method = "PUT";
    request.body_file = directory_ / "up";
    request.body_offset = 4;
    request.body_length = text.size();
    const auto response = co_await client_->send(std::move(request));
    if (!response) co_return fail(response.error());
    EXPECT_TRUE(response->body == text);
    EXPECT_EQ(last_head_.method, "PUT");
    EXPECT_EQ(last_head_.content_length, text.size());
    co_return Result<void>();
  });
}

TEST_F(HttpClientTest, AbortsTheTransferOfACancelledCoroutine) {
  run([&]() -> Task<Result<void>> {
    TaskGroup group(loop_.executor());
    ErrorCode code = ErrorCode::internal;
    const auto ask = [&]() -> Task<void> {
      const auto response = co_await client_->send(get("/hang"));
      code = response.error().code();
    };
    group.spawn(ask());
    while (hanging_ == 0) co_await yield_turn();
    co_await group.stop();
    EXPECT_EQ(group.size(), 0u);
    EXPECT_EQ(code, ErrorCode::cancelled);
    released_->notify_all();
    // The client is still good.
    const auto response = co_await client_->send(get("/x"));
    EXPECT_TRUE(response);
    co_return Result<void>();
  });
}

TEST_F(HttpClientTest, RunsManyRequestsOverFewConnections) {
  run([&]() -> Task<Result<void>> {
    TaskGroup group(loop_.executor());
    int good = 0;
    const auto ask = [&]() -> Task<void> {
      const auto response = co_await client_->send(get("/x"));
      good += response && response->body == content_ ? 1 : 0;
    };
    for (int i = 0; i < 200; ++i) group.spawn(ask());
    co_await group.join();
    EXPECT_EQ(good, 200);
    EXPECT_LE(server_->connections(), 8u);
    co_return Result<void>();
  });
}

TEST_F(HttpClientTest, SpeaksTlsWithThePinnedCertificateOnly) {
  content_.assign(5'000'000, 't');
  run(
      [&]() -> Task<Result<void>> {
        ClientRequest large = get("/x");
        large.max_response = 10'000'000;
        auto response = co_await client_->send(std::move(large));
        if (!response) co_return fail(response.error());
        EXPECT_TRUE(response->body == content_);
        EXPECT_TRUE(last_head_.secure);
        ClientOptions stranger;
        stranger.ca_file = make_certificate("other").certificate;
        const auto pinned_elsewhere = HttpClient::make(loop_.executor(), stranger);
        response = co_await pinned_elsewhere->send(get("/x"));
        EXPECT_EQ(response.error().code(), ErrorCode::denied);
        const auto system_roots = HttpClient::make(loop_.executor(), ClientOptions());
        response = co_await system_roots->send(get("/x"));
        EXPECT_EQ(response.error().code(), ErrorCode::denied);
        co_return Result<void>();
      },
      true);
}

TEST_F(HttpClientTest, UploadsOverTls) {
  content_.resize(700'000);
  for (std::size_t i = 0; i < content_.size(); ++i) content_[i] = static_cast<char>(i * 31 + i / 253);
  run(
      [&]() -> Task<Result<void>> {
        // Uploads use the reading side of TLS, with records that end anywhere.
        ClientRequest request = get("/echo");
        request.method = "POST";
        request.body = content_;
        const auto response = co_await client_->send(std::move(request));
        if (!response) co_return fail(response.error());
        EXPECT_TRUE(response->body == content_);
        co_return Result<void>();
      },
      true);
}

}  // namespace
}  // namespace stratus::net
