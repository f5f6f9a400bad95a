#include "stratus/mcu/link.hpp"

#include <gtest/gtest.h>

#include "stratus/mcu/agent_testing.hpp"
#include "stratus/mcu/key_testing.hpp"
#include "stratus/mcu/link_testing.hpp"
#include "stratus/mcu/software_crypto.hpp"

namespace stratus::mcu::link_test {
namespace {

using namespace std::string_literals;

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
  TestBroker wire;
  TestClock clock;
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
}  // namespace stratus::mcu::link_test
