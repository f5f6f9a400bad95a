#include "stratus/agent/fetcher.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::agent {
namespace {

// One fetch of a 5-byte blob from a server that answers as told.
class FetcherTest : public ::testing::Test {
 protected:
  Result<void> fetch() {
    auto listening = net::HttpServer::listen(loop_.executor(), {},
                                             [this](net::Exchange& exchange) { return handle(exchange); });
    EXPECT_TRUE(listening) << listening.error().text();
    server_ = std::move(*listening);
    client_ = net::HttpClient::make(loop_.executor(), {});
    return loop_.run(run());
  }
  net::Task<Result<void>> run() {
    BlobRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/blob";
    request.file = file();
    request.digest = sha256(std::string_view("hello"));
    request.size = 5;
    Result<void> fetched = co_await fetch_blob(*client_, worker_, request);
    client_.reset();
    co_await server_->stop(std::chrono::seconds(1));
    co_return fetched;
  }
  net::Task<void> handle(net::Exchange& exchange) {
    net::ResponseHead head;
    head.status = status_;
    (void)co_await exchange.respond(head, body_);
  }
  std::filesystem::path file() const { return directory_ / "partial"; }

  testing::TemporaryDirectory directory_;
  net::Loop loop_;
  net::WorkerPool worker_{"test", 1};
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<net::HttpClient> client_;
  int status_ = 200;
  std::string body_ = "hello";
};

TEST_F(FetcherTest, TheBlobArrives) {
  const Result<void> fetched = fetch();
  ASSERT_TRUE(fetched) << fetched.error().text();
  EXPECT_EQ(*read_file(file(), 100), "hello");
}

// Nobody's disk is full because a server talks too much.
TEST_F(FetcherTest, AnAnswerLongerThanTheBlobIsWrongAndNotKept) {
  body_ = std::string(100'000, 'h');
  const Result<void> fetched = fetch();
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code(), ErrorCode::corrupt) << fetched.error().text();
  EXPECT_EQ(*read_file(file(), 1'000'000), "");
}

TEST_F(FetcherTest, ALongErrorPageIsAServerThatIsAway) {
  status_ = 502;
  body_ = std::string(100'000, '<');
  const Result<void> fetched = fetch();
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code(), ErrorCode::unavailable) << fetched.error().text();
}

TEST_F(FetcherTest, WrongBytesAreNotKept) {
  body_ = "hallo";
  EXPECT_EQ(fetch().error().code(), ErrorCode::corrupt);
  EXPECT_EQ(*read_file(file(), 100), "");
}

TEST_F(FetcherTest, WhatAnEarlierRunLeftCounts) {
  std::ofstream(file()) << "hello";
  status_ = 500;
  EXPECT_TRUE(fetch());
}

}  // namespace
}  // namespace stratus::agent
