#include "stratus/server/event_bus.hpp"

#include <gtest/gtest.h>

namespace stratus::server {
namespace {

class EventBusTest : public ::testing::Test {
 protected:
  void publish(int count, const std::string& topic = "devices") {
    for (int i = 0; i < count; ++i) bus.publish({topic, "d", R"({"id":"d"})"});
  }
  static bool all(std::string_view) { return true; }

  net::Loop loop;
  EventBus bus{loop.executor(), "e1", 4};
};

TEST_F(EventBusTest, GivesWhatCameAfter) {
  publish(2);
  const auto batch = bus.read(1, all);
  EXPECT_EQ(batch.frames, "id: e1-2\nevent: devices\ndata: {\"id\":\"d\"}\n\n");
  EXPECT_EQ(batch.last, 2u);
  EXPECT_FALSE(batch.lost);
  EXPECT_EQ(bus.read(2, all).frames, "");
}

TEST_F(EventBusTest, PassesOverOtherTopics) {
  publish(2);
  publish(1, "audit");
  const auto batch = bus.read(0, [](std::string_view topic) { return topic == "audit"; });
  EXPECT_EQ(batch.frames.find("devices"), std::string::npos);
  EXPECT_EQ(batch.last, 3u);
}

TEST_F(EventBusTest, SaysWhenEventsHaveLeftTheRing) {
  publish(10);
  EXPECT_TRUE(bus.read(5, all).lost);
  EXPECT_FALSE(bus.read(6, all).lost);
  EXPECT_EQ(bus.read(6, all).last, 10u);
  EXPECT_EQ(bus.resume("e1-6"), 6u);
  for (const char* id : {"e1-5", "e1-11", "e0-8", "e1-", "e1-8x", "8", ""})
    EXPECT_FALSE(bus.resume(id)) << id;
}

TEST_F(EventBusTest, DropsWhatCouldBreakTheStream) {
  bus.publish({"devices", "d", "{\n}"});
  bus.publish({"secrets", "d", "{}"});
  bus.publish({"devices", "d", std::string(EventBus::kMaxJson + 1, 'x')});
  EXPECT_EQ(bus.newest(), 0u);
}

TEST_F(EventBusTest, WakesWhoWaits) {
  const auto wait = [this]() -> net::Task<Result<void>> {
    const Millis long_enough(10'000);
    const Millis none(0);
    bool woken = co_await bus.wait_beyond(0, none);
    EXPECT_FALSE(woken);
    publish(1);
    woken = co_await bus.wait_beyond(0, long_enough);
    EXPECT_TRUE(woken);
    bus.close();
    woken = co_await bus.wait_beyond(1, long_enough);
    EXPECT_TRUE(woken);
    co_return Result<void>();
  };
  EXPECT_TRUE(loop.run(wait()));
}

}  // namespace
}  // namespace stratus::server
