#include "stratus/agent/fetcher.hpp"

#include <fstream>
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/update/pacing.hpp"

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
    request.digest = sha256(std::string_view(expected_));
    request.size = expected_.size();
    request.allowance = allowance_;
    request.on_received = [this](std::uint64_t bytes) { received_ += bytes; };
    Result<void> fetched = co_await fetch_blob(*client_, worker_, request);
    client_.reset();
    co_await server_->stop(std::chrono::seconds(1));
    co_return fetched;
  }
  net::Task<void> handle(net::Exchange& exchange) {
    net::ResponseHead head;
    head.status = status_;
    const auto range = exchange.request().headers.get("Range");
    if (range && ranges_wanted_) {
      ranges_.emplace_back(*range);
      net::ByteRange part{0, body_.size()};
      (void)net::parse_range(range, body_.size(), part);
      head.status = 206;
      head.headers.set("Content-Range", "bytes " + std::to_string(part.first) + "-" +
                                            std::to_string(part.first + part.length - 1) + "/" +
                                            std::to_string(body_.size()));
      if (lie_) lie_(head);
      const bool cut = ranges_.size() == cut_at_;
      if (cut) head.status = 503;
      const std::string piece = cut ? "" : body_.substr(part.first, part.length);
      (void)co_await exchange.respond(head, piece);
      co_return;
    }
    (void)co_await exchange.respond(head, body_);
  }
  std::filesystem::path file() const { return directory_ / "partial"; }

  testing::TemporaryDirectory directory_;
  net::Loop loop_;
  net::WorkerPool worker_{"test", 1};
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<net::HttpClient> client_;
  int status_ = 200;
  std::string expected_ = "hello";
  std::string body_ = "hello";
  bool ranges_wanted_ = false;
  std::function<void(net::ResponseHead&)> lie_;
  std::size_t cut_at_ = 0;  // number of the request that gets no answer
  std::vector<std::string> ranges_;
  std::uint64_t allowance_ = 1u << 30;
  std::uint64_t received_ = 0;
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

// What a power cut left may have been damaged, and so may what a gateway sends in pieces: callers bear it
// once.
TEST_F(FetcherTest, DamagedBytesOfAnEarlierRunBeginAgain) {
  std::ofstream(file()) << "hex";
  ranges_wanted_ = true;
  const Result<void> fetched = fetch();
  EXPECT_EQ(fetched.error().code(), ErrorCode::corrupt) << fetched.error().text();
  EXPECT_EQ(*read_file(file(), 100), "");
}

TEST_F(FetcherTest, NothingIsAskedForBeyondTheAllowance) {
  allowance_ = 4;
  const Result<void> fetched = fetch();
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().reason(), kOverBudget) << fetched.error().text();
  EXPECT_EQ(received_, 0U);
}

TEST_F(FetcherTest, WhatIsHereAlreadyTakesNothingOfTheAllowance) {
  std::ofstream(file()) << "he";
  ranges_wanted_ = true;
  allowance_ = 3;
  const Result<void> fetched = fetch();
  ASSERT_TRUE(fetched) << fetched.error().text();
  EXPECT_EQ(received_, 3U);
}

// Asked for the rest, somebody sends the whole from the beginning.
TEST_F(FetcherTest, MoreThanAskedForEndsAtTheAllowance) {
  std::ofstream(file()) << "he";
  allowance_ = 3;
  const Result<void> fetched = fetch();
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().reason(), kOverBudget) << fetched.error().text();
  EXPECT_EQ(received_, 5U) << "what came is counted, wanted or not";
}

// The bytes are those of the blob; what is said about them is not what was asked for.
TEST_F(FetcherTest, AnotherRangeThanAskedForIsWrongAndNothingIsKept) {
  const std::map<std::string, std::function<void(net::ResponseHead&)>> lies{
      {"one byte further on",
       [](net::ResponseHead& head) { head.headers.set("Content-Range", "bytes 3-4/5"); }},
      {"from the beginning",
       [](net::ResponseHead& head) { head.headers.set("Content-Range", "bytes 0-2/5"); }},
      {"another unit", [](net::ResponseHead& head) { head.headers.set("Content-Range", "lines 2-4/5"); }},
      {"a longer number",
       [](net::ResponseHead& head) { head.headers.set("Content-Range", "bytes 22-24/25"); }},
      {"no word of it", [](net::ResponseHead& head) { head.headers = net::Headers(); }},
  };
  for (const auto& [name, lie] : lies) {
    std::ofstream(file()) << "he";
    ranges_wanted_ = true;
    lie_ = lie;
    ranges_.clear();
    const Result<void> fetched = fetch();
    ASSERT_FALSE(fetched) << name;
    EXPECT_EQ(fetched.error().code(), ErrorCode::corrupt) << name << ": " << fetched.error().text();
    EXPECT_NE(fetched.error().text().find("another range than asked for"), std::string::npos)
        << name << ": " << fetched.error().text();
    EXPECT_EQ(ranges_, (std::vector<std::string>{"bytes=2-4"})) << name;
    EXPECT_EQ(*read_file(file(), 100), "") << name;
    lie_ = nullptr;
    EXPECT_TRUE(fetch()) << name << ": told the truth it begins again and ends";
    EXPECT_EQ(*read_file(file(), 100), "hello") << name;
  }
}

// Lengths that follow each other without gap or overlap, up to the end.
void expect_contiguous(const std::vector<std::string>& ranges, std::size_t from, std::size_t size) {
  for (const std::string& range : ranges) {
    const std::size_t dash = range.find('-');
    EXPECT_EQ(range.substr(0, dash), "bytes=" + std::to_string(from)) << range;
    const std::size_t last = std::stoull(range.substr(dash + 1));
    EXPECT_LE(last - from + 1, update::kLargestChunk);
    from = last + 1;
  }
  EXPECT_EQ(from, size);
}

TEST_F(FetcherTest, ALargeBlobComesInChunksAndGoesOnWhereItStopped) {
  expected_ = std::string(30u << 20, 'a');
  for (std::size_t i = 0; i < expected_.size(); i += 4096) expected_[i] = static_cast<char>(i >> 12);
  body_ = expected_;
  ranges_wanted_ = true;
  cut_at_ = 2;
  EXPECT_FALSE(fetch());
  ASSERT_EQ(ranges_.size(), 2u);
  EXPECT_EQ(ranges_[0], "bytes=0-4194303");
  EXPECT_EQ(std::filesystem::file_size(file()), update::kSmallBlob);
  EXPECT_TRUE(std::filesystem::exists(file().string() + ".mark"));
  ranges_.clear();
  cut_at_ = 0;
  EXPECT_TRUE(fetch());
  expect_contiguous(ranges_, update::kSmallBlob, expected_.size());
  EXPECT_FALSE(std::filesystem::exists(file().string() + ".mark"));
  EXPECT_EQ(*read_file(file(), expected_.size()), expected_);
}

TEST_F(FetcherTest, AfterAPowerCutOnlyWhatWasSyncedIsBelieved) {
  std::ofstream(file()) << "heXX";
  std::ofstream(file().string() + ".mark") << "2 another-boot";
  ranges_wanted_ = true;
  const Result<void> fetched = fetch();
  ASSERT_TRUE(fetched) << fetched.error().text();
  EXPECT_EQ(ranges_, (std::vector<std::string>{"bytes=2-4"}));
  EXPECT_EQ(*read_file(file(), 100), "hello");
}

}  // namespace
}  // namespace stratus::agent
