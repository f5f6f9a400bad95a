#include "stratus/mcu/link.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "stratus/mcu/key_testing.hpp"
#include "stratus/mcu/software_crypto.hpp"

namespace stratus::mcu {
namespace {

using namespace std::string_literals;

struct Wire final : Stream {
  std::string incoming, sent;
  std::size_t at = 0;
  bool alive = true;
  int opened = 0;
  bool open() override {
    incoming = alive ? "\x20\x02\0\0"s : "";
    at = 0;
    ++opened;
    return alive;
  }
  int32_t read(void* to, uint32_t size) override {
    const std::size_t n = std::min<std::size_t>(size, incoming.size() - at);
    memcpy(to, incoming.data() + at, n);
    at += n;
    return static_cast<int32_t>(n);
  }
  bool readable() override { return at < incoming.size() || !alive; }
  bool write(const void* from, uint32_t size) override {
    sent.append(static_cast<const char*>(from), size);
    return alive;
  }
  void close() override {}
  // A message of the broker, QoS 0.
  void push(const std::string& topic, const std::string& payload) {
    const std::size_t size = 2 + topic.size() + payload.size();
    incoming += "\x30"s +
                (size > 127 ? std::string{static_cast<char>(size % 128 + 128), static_cast<char>(size / 128)}
                            : std::string{static_cast<char>(size)});
    incoming += '\0' + std::string(1, static_cast<char>(topic.size())) + topic + payload;
  }
  std::size_t count(const std::string& text) const {
    std::size_t n = 0;
    for (std::size_t from = 0; (from = sent.find(text, from)) != std::string::npos; ++from) ++n;
    return n;
  }
};

struct Hand final : Clock {
  uint32_t now = 5;
  uint32_t millis() override { return now; }
  uint32_t unix_time() override { return 1'800'000'000; }
};

class McuLink : public testing::Test {
 protected:
  Outcome outcome(const char* state, Cause cause) {
    Outcome made = {};
    made.state = state;
    made.status = "SUCCESS";
    made.cause = cause;
    made.has_release = true;
    memcpy(made.version, "2.0.0", 6);
    return made;
  }
  Wire wire;
  Hand clock;
  SoftwareCrypto crypto{nullptr};
  TestKey key;
  uint8_t buffer[256];
  MqttClient mqtt{wire, clock, buffer, sizeof buffer};
  Link link{{"d1", "firmware/board", "1.0.0"}, {mqtt, clock, crypto, key, nullptr}};
};

TEST_F(McuLink, ComesOnlineAndSaysItsStatusEachMinute) {
  link.poll();
  EXPECT_EQ(wire.count("{\"online\":true,\"version\":\"1.0.0\"}"), 1u);
  EXPECT_EQ(wire.count("v1/d1/status/system"), 1u);
  EXPECT_EQ(wire.count("v1/d1/stored"), 1u);
  EXPECT_TRUE(link.take_hint());
  EXPECT_FALSE(link.take_hint());
  for (int second = 0; second < 61; ++second) {
    clock.now += 1000;
    wire.push("x", "");  // somebody is there
    link.poll();
    if (second == 45) wire.incoming += "\xd0\0"s;
  }
  EXPECT_EQ(wire.count("v1/d1/status/system"), 2u);
}

TEST_F(McuLink, TriesEverMoreSlowlyToComeBack) {
  wire.alive = false;
  for (int i = 0; i < 600; ++i) {
    link.poll();
    clock.now += 100;
  }
  EXPECT_GT(wire.opened, 4);
  EXPECT_LT(wire.opened, 12);  // in a minute
  wire.alive = true;
  for (int i = 0; i < 1300 && !mqtt.connected(); ++i) {
    link.poll();
    clock.now += 100;
  }
  EXPECT_TRUE(mqtt.connected());
}

TEST_F(McuLink, RepeatsAResultUntilItIsStored) {
  link.poll();
  link.tell(outcome("committed", Cause::ok));
  link.poll();
  EXPECT_EQ(wire.count("v1/d1/update/result"), 1u);
  EXPECT_EQ(wire.count("\\\"state\\\":\\\"committed\\\""), 1u);
  EXPECT_EQ(wire.count("\"signature\":\"v1;key="), 1u);
  link.poll();
  EXPECT_EQ(wire.count("v1/d1/update/result"), 1u);
  clock.now += 11'000;
  link.poll();
  EXPECT_EQ(wire.count("v1/d1/update/result"), 2u);
  wire.push("v1/d1/stored", R"({"seqs":[7,1799999999]})");
  link.poll();
  EXPECT_TRUE(link.is_untold());
  wire.push("v1/d1/stored", R"({"seqs":[3,1800000000]})");
  link.poll();
  EXPECT_FALSE(link.is_untold());
  EXPECT_TRUE(link.take_stored());
  EXPECT_FALSE(link.take_stored());
  link.tell(outcome("failed", Cause::bad_signature));  // in the same second
  link.poll();
  EXPECT_EQ(wire.count("\"seq\":1800000001"), 1u);
  EXPECT_EQ(wire.count("\\\"reason\\\":\\\"bad_signature\\\""), 1u);
}

TEST_F(McuLink, TakesOrdersAndAnswersThem) {
  link.poll();
  link.take_hint();
  wire.push("v1/d1/update/request/firmware", R"({"kind":"firmware","command":"01ABC","items":[]})");
  link.poll();
  EXPECT_TRUE(link.take_hint());
  EXPECT_EQ(wire.count(R"({"command":"01ABC","status":"accepted"})"), 1u);
  EXPECT_TRUE(link.on_step("fetching", 50, 200));
  EXPECT_EQ(wire.count(R"("state":"fetching","command":"01ABC","percent":25,"bytes":50,"total":200)"), 1u);
  wire.push("v1/d1/update/cancel", R"({"command":"01ABC","reason":"enough"})");
  EXPECT_FALSE(link.on_step("fetching", 60, 200));
  link.end_cancel(true);
  EXPECT_EQ(wire.count(R"({"command":"01ABC","status":"cancelled"})"), 1u);
  EXPECT_TRUE(link.on_step("fetching", 70, 200));
}

TEST_F(McuLink, DoesNotRepeatIdsThatCouldBreakItsMessages) {
  link.poll();
  link.take_hint();
  wire.push("v1/d1/update/request/firmware", R"({"command":"a\"b"})");
  wire.push("v1/d1/update/request/firmware", "{\"command\":\"" + std::string(65, 'x') + "\"}");
  wire.push("v1/d1/update/request/firmware", "nonsense");
  wire.push("v1/d2", "");
  link.poll();
  EXPECT_FALSE(link.take_hint());
  EXPECT_EQ(wire.count("accepted"), 0u);
}

}  // namespace
}  // namespace stratus::mcu
