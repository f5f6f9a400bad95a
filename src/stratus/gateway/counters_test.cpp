#include "stratus/gateway/counters.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::gateway {
namespace {

const Digest kFirst = sha256("1"), kSecond = sha256("2"), kThird = sha256("3");

std::string sample(const char* way, const std::string& blob, std::uint64_t value) {
  return std::string("stratus_gateway_blob_") + way + "_bytes_total{blob=\"" + blob + "\"} " +
         std::to_string(value) + "\n";
}

std::string written(const BlobTraffic& traffic) {
  Metrics metrics;
  traffic.write(metrics);
  return metrics.text();
}

TEST(BlobTraffic, CountsBothWaysForEachBlob) {
  BlobTraffic traffic(2);
  traffic.received(kFirst, 100);
  traffic.sent(kFirst, 30);
  traffic.sent(kFirst, 12);
  traffic.received(kSecond, 7);
  const std::string text = written(traffic);
  for (const std::string& line :
       {sample("upstream", kFirst.text(), 100), sample("downstream", kFirst.text(), 42),
        sample("upstream", kSecond.text(), 7), sample("downstream", kSecond.text(), 0),
        sample("upstream", "other", 0), sample("downstream", "other", 0)}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(BlobTraffic, BeyondItsLimitTheLeastRecentlyUsedIsFoldedAndTheSumStaysTrue) {
  BlobTraffic traffic(2);
  traffic.received(kFirst, 100);
  traffic.sent(kFirst, 1000);
  traffic.received(kSecond, 20);
  traffic.sent(kSecond, 200);
  traffic.sent(kFirst, 5);  // so the second is the one that was used longest ago
  traffic.received(kThird, 3);
  std::string text = written(traffic);
  EXPECT_EQ(text.find(kSecond.text()), std::string::npos) << text;
  for (const std::string& line :
       {sample("upstream", kFirst.text(), 100), sample("downstream", kFirst.text(), 1005),
        sample("upstream", kThird.text(), 3), sample("upstream", "other", 20),
        sample("downstream", "other", 200)}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(traffic.total().upstream, 123u);
  EXPECT_EQ(traffic.total().downstream, 1205u);
  // What comes back begins at nothing: its past stays under "other".
  traffic.sent(kSecond, 1);
  text = written(traffic);
  EXPECT_NE(text.find(sample("downstream", kSecond.text(), 1)), std::string::npos) << text;
  EXPECT_NE(text.find(sample("downstream", "other", 1205)), std::string::npos) << text;
  EXPECT_EQ(traffic.total().downstream, 1206u);
}

}  // namespace
}  // namespace stratus::gateway
