#include "stratus/gateway/next_answers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/wire/next.hpp"

namespace stratus::gateway {
namespace {

std::string manifest_of(const std::string& config) {
  return fmt::format(
      R"({{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[]}})",
      sha256(std::string_view(config)).text(), config.size());
}

// A gateway that comes up with what it had kept, its upstream away.
class NextAnswersTest : public ::testing::Test {
 protected:
  void keep(const std::string& key, const std::string& manifest, std::uint64_t order, Millis clock) {
    wire::NextRelease release;
    release.name = "app";
    release.version = "1";
    release.manifest = manifest;
    release.config = "{}";
    auto answer = std::make_shared<Answer>();
    answer->content_type = "application/json";
    answer->body = wire::encode_next(release);
    KeptAnswer kept;
    kept.key = key;
    kept.answer = std::move(answer);
    kept.fetched_wall = WallTime(clock);
    kept.order = order;
    ASSERT_TRUE(write_file_atomically(directory_ / sha256(std::string_view(key)).hex(), encode_kept(kept)));
  }
  std::string manifest_told() {
    net::Loop loop;
    GatewayConfig config;
    config.upstream = "http://127.0.0.1:1";
    Upstream upstream(loop.executor(), config);
    Counters counters;
    AnswerStore store(directory_.path(), {});
    EXPECT_TRUE(store.load());
    Answers answers(loop.executor(), upstream, store, counters, true);
    NextAnswers next(answers, store, counters, Millis(0), true);
    next.load();
    std::string told;
    const auto ask = [&]() -> net::Task<Result<void>> {
      Asker asker{"", "d"};
      auto answer = co_await next.get("app", Digest(), std::move(asker));
      EXPECT_TRUE(answer) << answer.error().text();
      if (answer) told = wire::parse_next((*answer)->body)->manifest;
      co_return Result<void>();
    };
    EXPECT_TRUE(loop.run(ask()));
    return told;
  }
  const std::string other_have_ = std::string(64, 'a');
  testing::TemporaryDirectory directory_;
};

TEST_F(NextAnswersTest, TheNewestIsWhatWasLearntLastWhateverTheClocksSay) {
  const std::string before = manifest_of("before"), after = manifest_of("after");
  keep("next app -", before, 1, Millis(2'000'000));
  keep("next app " + other_have_, after, 2, Millis(1'000'000));  // the clock had been set back
  EXPECT_EQ(manifest_told(), after);
  keep("next app -", before, 3, Millis(500'000));  // the target went back to the older release
  EXPECT_EQ(manifest_told(), before);
}

}  // namespace
}  // namespace stratus::gateway
