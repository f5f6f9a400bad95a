#include "stratus/agent/config.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::agent {
namespace {

using namespace std::chrono_literals;

Result<AgentConfig> load(const std::string& text) {
  const testing::TemporaryDirectory directory;
  std::ofstream(directory / "agent.toml") << text;
  return load_config(directory / "agent.toml");
}

std::string problem(const std::string& text) {
  const auto loaded = load(text);
  return loaded ? "accepted" : loaded.error().text();
}

TEST(Config, ReadsEveryKey) {
  const auto config = load(R"(
server = "https://gw:8444"
ca = "/dev/null"
device = "d1"
image = "web"
data = "/data"
keys = ["/a.pub", "/b.pub"]
poll = 1.5
[update]
order = "start-first"
probation = "200ms"
deltas = false
byte_budget = "10K"
disk_reserve = 5
memory = "1G"
[service]
args = ["/bin/x"]
env = ["A=b"]
listen = ["127.0.0.1:80", "[::1]:81"]
volumes = ["/h:/c", "/h2:/c2:ro"]
memory = "64M"
pids = 7
open_files = 99
user_namespace = false
read_only = true
writable_limit = "32M"
writable_in_memory = true
host_name = "h"
stop_grace = "2m"
[health]
http = ":8080/healthz"
interval = "1s"
timeout = 2
start_time = 3
retries = 4
)");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->keys.size(), 2U);
  EXPECT_EQ(config->poll, 1500ms);
  EXPECT_EQ(config->order, SwapOrder::start_first);
  EXPECT_EQ(config->probation, 200ms);
  EXPECT_FALSE(config->deltas);
  EXPECT_EQ(config->byte_budget, 10240U);
  EXPECT_EQ(config->memory, 1ull << 30);
  EXPECT_EQ(config->limits.memory_bytes, 64u << 20);
  EXPECT_EQ(config->limits.pids, 7U);
  EXPECT_TRUE(config->volumes.at(1).read_only);
  EXPECT_EQ(config->volumes.at(1).target, "/c2");
  EXPECT_FALSE(config->user_namespace);
  EXPECT_EQ(config->writable_limit, 32u << 20);
  EXPECT_TRUE(config->writable_in_memory);
  EXPECT_EQ(config->stop_grace, 120s);
  ASSERT_TRUE(config->health);
  EXPECT_EQ(config->health->url, "http://127.0.0.1:8080/healthz");
  EXPECT_EQ(config->health->retries, 4U);
  EXPECT_TRUE(check_config(*config));
}

TEST(Config, NamesTheKeyThatIsWrong) {
  EXPECT_NE(problem("sever = \"x\"").find("sever: no such key"), std::string::npos);
  EXPECT_NE(problem("poll = \"soon\"").find("poll: not a value"), std::string::npos);
  EXPECT_NE(problem("[update]\norder = \"both\"").find("update.order"), std::string::npos);
  EXPECT_NE(problem("[service]\nvolumes = [\"/x\"]").find("service.volumes"), std::string::npos);
  EXPECT_NE(problem("[health]\nhttp = \"ftp://x\"").find("no http URL"), std::string::npos);
  EXPECT_NE(problem("[health]\nhttp = \":1/\"\ntcp = \":1\"").find("one of"), std::string::npos);
  EXPECT_NE(problem("server = [").find("agent.toml:1"), std::string::npos);
  EXPECT_NE(problem("[service]\nwritable_in_memory = true").find("service.writable_in_memory"),
            std::string::npos);
  EXPECT_NE(problem("update = 3").find("update"), std::string::npos);
}

TEST(Config, SaysWhatIsMissing) {
  AgentConfig config;
  EXPECT_NE(check_config(config).error().text().find("server"), std::string::npos);
  config = {.server = "http://x", .ca_file = {}, .device = "../x", .image = "i", .data = "/d", .keys = {"k"}};
  EXPECT_NE(check_config(config).error().text().find("device id"), std::string::npos);
  config.device = "x";
  config.listen = {"nowhere"};
  EXPECT_NE(check_config(config).error().text().find("address:port"), std::string::npos);
}

TEST(Config, Units) {
  EXPECT_EQ(parse_bytes("3M"), 3u << 20);
  EXPECT_EQ(parse_bytes("3X"), std::nullopt);
  EXPECT_EQ(parse_bytes(""), std::nullopt);
  EXPECT_EQ(parse_bytes("99999999999T"), std::nullopt);
  EXPECT_EQ(parse_duration("1h"), 3600s);
  EXPECT_EQ(parse_duration("1w"), std::nullopt);
  EXPECT_EQ(parse_host_port("[::]:8080")->host, "::");
  EXPECT_FALSE(parse_host_port("8080"));
  EXPECT_FALSE(parse_host_port("a:99999"));
}

TEST(Health, TheDeviceThenLabelsThenTheImagesHealthcheck) {
  AgentConfig config;
  oci::ImageConfig image;
  EXPECT_EQ(health_of(config, image)->kind, CheckKind::none);
  image.health_check = oci::HealthCheck{{"CMD-SHELL", "test -e /x"}, 2'000'000'000, 0, 0, 5};
  EXPECT_EQ(health_of(config, image)->command, (std::vector<std::string>{"/bin/sh", "-c", "test -e /x"}));
  EXPECT_EQ(health_of(config, image)->interval, 2s);
  EXPECT_EQ(health_of(config, image)->retries, 5U);
  image.labels["vnd.stratus.health.tcp"] = "127.0.0.1:9";
  EXPECT_EQ(health_of(config, image)->port, 9);
  config.health = HealthCheckPlan{};
  config.health->kind = CheckKind::http;
  EXPECT_EQ(health_of(config, image)->kind, CheckKind::http);
  config.health.reset();
  image.labels["vnd.stratus.health.tcp"] = "nonsense";
  EXPECT_FALSE(health_of(config, image));
}

TEST(Config, DurationsAreBoundedAndNumbers) {
  for (const char* const text : {"nan", "nanms", "inf", "-1", "1e300h", "9e18", "4000d", ""}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_duration("87600h"), 87600h);
  for (const char* const value : {"nan", "inf", "-1", "1e12", "\"nan\""}) {
    EXPECT_NE(problem(std::string("poll = ") + value).find("poll: not a value"), std::string::npos) << value;
  }
  EXPECT_NE(problem("[update]\nprobation = \"25h\"").find("update.probation"), std::string::npos);
  EXPECT_NE(problem("[health]\nretries = 0").find("health.retries"), std::string::npos);
  EXPECT_NE(problem("[health]\nretries = 101").find("health.retries"), std::string::npos);
  EXPECT_NE(problem("[health]\nstart_time = \"2h\"").find("start time"), std::string::npos);
}

TEST(Health, WhatAnImageClaimsIsBounded) {
  AgentConfig config;
  oci::ImageConfig image;
  constexpr std::uint64_t kHour = 3'600'000'000'000;
  const auto refused = [&](oci::HealthCheck check) {
    image.health_check = std::move(check);
    return !check_claims(config, image);
  };
  EXPECT_FALSE(refused({{"CMD", "/x"}, kHour, kHour / 6, kHour, 100}));
  EXPECT_TRUE(refused({{"CMD", "/x"}, kHour + 1'000'000, 0, 0, 0}));
  EXPECT_TRUE(refused({{"CMD", "/x"}, 0, kHour / 6 + 1'000'000, 0, 0}));
  EXPECT_TRUE(refused({{"CMD", "/x"}, 0, 0, kHour + 1'000'000, 0}));
  EXPECT_TRUE(refused({{"CMD", "/x"}, 0, 0, ~0ull, 0}));
  EXPECT_TRUE(refused({{"CMD", "/x"}, 0, 0, 0, 101}));
  EXPECT_TRUE(refused({{"CMD", "/x"}, 0, 0, 0, 1ull << 32}));
  image.health_check.reset();
  const std::pair<const char*, const char*> labels[] = {
      {"health.start-time", "nan"}, {"health.start-time", "2h"}, {"health.interval", "soon"},
      {"health.retries", "0"},      {"update.probation", "25h"}, {"update.probation", "inf"}};
  for (const auto& [key, value] : labels) {
    image.labels = {{std::string("vnd.stratus.") + key, value}};
    const Result<void> checked = check_claims(config, image);
    ASSERT_FALSE(checked) << key << value;
    EXPECT_EQ(checked.error().code(), ErrorCode::invalid);
    EXPECT_LE(probation_of(config, image), kMaxProbation);
  }
}

TEST(Config, ContentsAndFirmwareStandBesideTheImage) {
  const auto config = load(
      "[content]\ndirectory = \"/srv/screen\"\nlimit = \"2G\"\n"
      "[service]\ncrash_exits = 3\ncrash_window = \"1m\"\n"
      "[firmware.board]\nprogram = [\"/bin/plugin\", \"x\"]\nprobation = 5\nretries = 2\n");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->content.directory, "/srv/screen");
  EXPECT_EQ(config->content.limit, 2ull << 30);
  EXPECT_EQ(config->crashes.exits, 3u);
  EXPECT_EQ(config->crashes.window, 60s);
  ASSERT_EQ(config->firmware.size(), 1u);
  EXPECT_EQ(config->firmware[0].name, "board");
  EXPECT_EQ(config->firmware[0].program, (std::vector<std::string>{"/bin/plugin", "x"}));
  EXPECT_EQ(config->firmware[0].probation, 5s);
}

TEST(Config, WhatCannotWorkIsRefused) {
  for (const char* const text :
       {"[content]\nlimit = 5\n", "[content]\ndirectory = \"/x\"\nsize = 1\n",
        "[firmware.board]\nprobation = 5\n", "[firmware.board]\nprogram = \"plugin\"\n",
        "[firmware.\"../x\"]\nprogram = \"/bin/plugin\"\n", "[firmware]\nboard = 1\n",
        "[firmware.board]\nprogram = \"/p\"\nretries = 0\n", "[service]\ncrash_exits = -1\n"}) {
    EXPECT_FALSE(load(text)) << text;
  }
}

TEST(Order, TheDeviceThenTheLabel) {
  AgentConfig config;
  oci::ImageConfig image;
  EXPECT_EQ(order_of(config, image), SwapOrder::stop_first);
  image.labels["vnd.stratus.update.order"] = "start-first";
  image.labels["vnd.stratus.update.probation"] = "3s";
  EXPECT_EQ(order_of(config, image), SwapOrder::start_first);
  EXPECT_EQ(probation_of(config, image), 3s);
  config.order = SwapOrder::stop_first;
  config.probation = 1ms;
  EXPECT_EQ(order_of(config, image), SwapOrder::stop_first);
  EXPECT_EQ(probation_of(config, image), 1ms);
}

}  // namespace
}  // namespace stratus::agent
