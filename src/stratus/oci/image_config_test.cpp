#include "stratus/oci/image_config.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::oci {
namespace {

TEST(ImageConfig, GoesBothWaysByteForByte) {
  ImageConfig config;
  config.architecture = "arm64";
  config.user = "1000:1000";
  config.entrypoint = {"/bin/app"};
  config.cmd = {"--serve", "8080"};
  config.env = {"PATH=/bin", "A=b"};
  config.working_dir = "/srv";
  config.stop_signal = "SIGINT";
  config.exposed_ports = {"8080/tcp"};
  config.volumes = {"/data"};
  config.labels = {{"k", "v"}};
  config.health_check = HealthCheck{{"CMD", "/bin/check"}, 1'000'000'000, 2, 3, 4};
  config.diff_ids = {sha256("a"), sha256("b")};
  const std::string text = encode_image_config(config);
  const auto parsed = parse_image_config(text);
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(encode_image_config(*parsed), text);
  EXPECT_EQ(parsed->command(), (std::vector<std::string>{"/bin/app", "--serve", "8080"}));
  EXPECT_EQ(parsed->health_check->interval_ns, 1'000'000'000u);
  EXPECT_EQ(parsed->diff_ids, config.diff_ids);
}

TEST(ImageConfig, ReadsWhatDockerWrites) {
  const auto parsed = parse_image_config(
      R"({"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["sh"],"Entrypoint":null,
          "Labels":null,"Volumes":null,"OnBuild":null,"ArgsEscaped":true},
          "history":[{"created":"2024-01-01T00:00:00Z","empty_layer":true}],
          "rootfs":{"type":"layers","diff_ids":[]}})");
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->command(), std::vector<std::string>{"sh"});
}

TEST(ImageConfig, RefusesEveryDamage) {
  const auto expect_refused = [](const std::string& text, const std::string& words) {
    const auto parsed = parse_image_config(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::invalid);
    EXPECT_NE(parsed.error().text().find(words), std::string::npos) << parsed.error().text();
  };
  const std::string rootfs = R"("rootfs":{"type":"layers","diff_ids":[]})";
  expect_refused("{}", "rootfs");
  expect_refused("[]", "not an object");
  expect_refused(R"({"rootfs":{"type":"zip","diff_ids":[]}})", "not 'layers'");
  expect_refused(R"({"rootfs":{"type":"layers","diff_ids":["sha256:no"]}})", "diff_ids");
  expect_refused(R"({"rootfs":{"type":"layers","diff_ids":[5]}})", "diff_ids");
  expect_refused("{" + rootfs + R"(,"config":{"Cmd":"sh"}})", "Cmd");
  expect_refused("{" + rootfs + R"(,"config":{"Env":["A=\u0000"]}})", "NUL");
  expect_refused("{" + rootfs + R"(,"config":{"User":7}})", "User");
  expect_refused("{" + rootfs + R"(,"config":{"Healthcheck":{"Interval":-1}}})", "Interval");
  expect_refused("{" + rootfs + R"(,"config":[]})", "config");
  expect_refused("{" + rootfs + "," + rootfs + "}", "twice");
}

}  // namespace
}  // namespace stratus::oci
