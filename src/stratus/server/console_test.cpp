#include "stratus/server/console.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stratus/net/loop.hpp"
#include "stratus/server/fake_exchange_testing.hpp"

namespace stratus::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kIndex =
    R"(<script nonce="__STRATUS_NONCE__"></script><i nonce="__STRATUS_NONCE__">)";
constexpr ConsoleFile kFiles[] = {
    {"/index.html", "text/html; charset=utf-8", "t0", kIndex, "", ""},
    {"/assets/app-1.js", "text/javascript; charset=utf-8", "t1", "plain", "br!", "gz!"},
    {"/favicon.svg", "image/svg+xml", "t2", "<svg/>", "", ""},
};

class ConsoleTest : public ::testing::Test {
 protected:
  FakeExchange& ask(const std::string& target, const std::string& field = "", const std::string& value = "",
                    const std::string& method = "GET") {
    exchange = std::make_unique<FakeExchange>(method, target);
    if (!field.empty()) exchange->head().headers.set(field, value);
    const auto handle = [this]() -> net::Task<Result<void>> {
      co_await console.handle(*exchange);
      co_return Result<void>();
    };
    net::Loop loop;
    EXPECT_TRUE(loop.run(handle()));
    return *exchange;
  }
  static std::string nonce_of(const FakeExchange& answer) {
    const std::string policy = answer.header("Content-Security-Policy");
    const auto begin = policy.find("'nonce-") + 7;
    return policy.substr(begin, policy.find('\'', begin) - begin);
  }

  Console console{kFiles};
  std::unique_ptr<FakeExchange> exchange;
};

TEST_F(ConsoleTest, LeavesTheInterfacesAlone) {
  for (const char* path : {"/api", "/api/", "/api/v1/nothing", "/v2", "/v2/x", "/metrics", "/healthz"})
    EXPECT_FALSE(Console::takes(path)) << path;
  for (const char* path : {"/", "/devices", "/apiary", "/v2x", "/metrics-of-yesterday"})
    EXPECT_TRUE(Console::takes(path)) << path;
}

TEST_F(ConsoleTest, IndexHasTheNonceOfItsPolicyAndNeverTheSameTwice) {
  const FakeExchange& first = ask("/");
  EXPECT_EQ(first.status(), 200);
  EXPECT_EQ(first.header("Cache-Control"), "no-store");
  const std::string nonce = nonce_of(first);
  EXPECT_GE(nonce.size(), 22u);
  EXPECT_EQ(first.answer(), "<script nonce=\"" + nonce + "\"></script><i nonce=\"" + nonce + "\">");
  EXPECT_THAT(first.header("Content-Security-Policy"), Not(HasSubstr("unsafe")));
  EXPECT_NE(nonce_of(ask("/")), nonce);
}

TEST_F(ConsoleTest, AddressesAnswerTheIndexToBrowsersOnly) {
  EXPECT_EQ(ask("/devices/a.b%2Fc?filter=x", "Accept", "text/html,*/*;q=0.8").status(), 200);
  EXPECT_THAT(exchange->answer(), HasSubstr("<script"));
  EXPECT_EQ(ask("/devices", "Accept", "application/json").status(), 404);
  EXPECT_EQ(ask("/assets/app-0.js", "Accept", "text/html").status(), 404);
  EXPECT_EQ(ask("/", "", "", "POST").status(), 404);
}

TEST_F(ConsoleTest, AssetsComePackedAndForGood) {
  EXPECT_EQ(ask("/assets/app-1.js", "Accept-Encoding", "gzip, br").answer(), "br!");
  EXPECT_EQ(exchange->header("Content-Encoding"), "br");
  EXPECT_THAT(exchange->header("Cache-Control"), HasSubstr("immutable"));
  EXPECT_EQ(exchange->header("Vary"), "Accept-Encoding");
  EXPECT_EQ(exchange->header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(ask("/assets/app-1.js", "Accept-Encoding", "gzip, br;q=0").answer(), "gz!");
  EXPECT_EQ(ask("/assets/app-1.js").answer(), "plain");
  EXPECT_EQ(exchange->header("Content-Encoding"), "");
}

TEST_F(ConsoleTest, OtherFilesAreAskedForAgain) {
  EXPECT_EQ(ask("/favicon.svg", "Accept-Encoding", "br").answer(), "<svg/>");
  EXPECT_EQ(exchange->header("Cache-Control"), "no-cache");
  EXPECT_EQ(ask("/favicon.svg", "If-None-Match", "\"t2\"").status(), 304);
  EXPECT_EQ(exchange->answer(), "");
}

TEST(EmbeddedConsole, HasAnIndexWithAPlaceForTheNonce) {
  const auto files = embedded_console();
  const auto index = std::find_if(files.begin(), files.end(),
                                  [](const ConsoleFile& file) { return file.path == "/index.html"; });
  ASSERT_NE(index, files.end());
  EXPECT_THAT(std::string(index->plain), HasSubstr(std::string(Console::kNonceMark)));
}

}  // namespace
}  // namespace stratus::server
