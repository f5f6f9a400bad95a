#include "stratus/server/config.hpp"

#include <gtest/gtest.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::server {
namespace {

TEST(ServerConfig, ReadsItsFileAndNamesWhatIsWrong) {
  const stratus::testing::TemporaryDirectory directory;
  const auto read = [&](const std::string& text) {
    EXPECT_TRUE(write_file_atomically(directory / "server.toml", text));
    return read_config_file(directory / "server.toml", ServerConfig());
  };
  const auto config =
      read("listen = \"127.0.0.1:1\"\nplain_http = true\ndeploy_wait_s = 5\ndelta_threads = 2\n");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->listen, "127.0.0.1:1");
  EXPECT_TRUE(config->plain_http);
  EXPECT_EQ(config->deploy_wait, std::chrono::seconds(5));
  EXPECT_EQ(config->delta_threads, 2u);
  for (const char* bad :
       {"lisen = \"x\"", "listen = 1", "delta_threads = 0", "delta_threads = -1", "x = ["}) {
    const auto refused = read(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().text().find("server.toml:1"), std::string::npos) << refused.error().text();
  }
}

}  // namespace
}  // namespace stratus::server
