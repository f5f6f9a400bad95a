#include "stratus/mcu/client.hpp"

#include <gtest/gtest.h>

#include "stratus/mcu/agent_testing.hpp"
#include "stratus/mcu/board_testing.hpp"
#include "stratus/mcu/key_testing.hpp"
#include "stratus/mcu/link_testing.hpp"

namespace stratus::mcu::client_test {
namespace {

constexpr char kModel[] = "test-board";
constexpr std::uint32_t kPollSeconds = 60;

// A board in the fleet: flash, server and broker stay; everything else is made anew at a restart.
class McuClient : public testing::Test {
 protected:
  struct Life {
    explicit Life(McuClient& t)
        : test(t),
          journal(t.board.flash, t.board.layout.journal),
          choice(t.board.boot(journal)),
          updater(t.board.flash, t.board.layout, journal, t.board.crypto, t.board.board.data()),
          mqtt(t.broker, t.clock, packet, sizeof packet),
          link({"d1", "firmware/board", "1.0.0"}, {mqtt, t.clock, t.board.crypto, t.key, nullptr}),
          http(t.server, "h"),
          agent({kModel, "/next?have=", kPollSeconds, t.self_test},
                {t.board.flash, t.board.layout, updater, t.board.crypto, t.clock, nullptr, nullptr, nullptr,
                 &link},
                http),
          client(agent, updater, link, t.clock) {
      t.broker.sent.clear();
    }
    // As a super-loop does. Rounds of the agent in that time; ends with a restart.
    int live(int seconds) {
      int rounds = 0;
      for (int i = 0; i < seconds * 2 && !restarts; ++i) {
        restarts = client.poll();
        rounds += client.was_round() ? 1 : 0;
        test.clock.now += 500;
        test.clock.seconds += static_cast<std::uint32_t>(i & 1);
        if (i % 60 == 0) test.broker.push("x", "");  // somebody is there
      }
      return rounds;
    }
    // Results said, of this state, repeats included.
    std::size_t told(const std::string& state) const {
      return test.broker.count("\\\"state\\\":\\\"" + state + "\\\"");
    }

    McuClient& test;
    Journal journal;
    BootChoice choice;
    Updater updater;
    std::uint8_t packet[256];
    MqttClient mqtt;
    Link link;
    HttpClient http;
    Agent agent;
    Client client;
    bool restarts = false;
  };

  McuClient() { board.put(0, firmware[1]); }
  void offer(std::uint8_t version, const Bytes& image) {
    host::ManifestFields fields = wanted(server, kModel, version, ++serial, image);
    fields.release = host::raw_sha256(Bytes{version});  // any will do, if each has its own
    server.manifest = host::write_manifest(fields, board.key.signer()).value();
  }
  // The server says that it has stored the newest report.
  void store() {
    const std::size_t at = broker.sent.rfind("{\"seq\":");
    ASSERT_NE(at, std::string::npos);
    const std::string number = broker.sent.substr(at + 7, broker.sent.find(',', at) - at - 7);
    broker.push("v1/d1/stored", "{\"seqs\":[" + number + "]}");
  }

  TestBoard board;
  Bytes firmware[3] = {{}, board.image(1), board.image(2)};
  TestServer server;
  TestBroker broker;
  TestClock clock;
  TestKey key;
  bool (*self_test)() = nullptr;
  std::uint32_t serial = 0;
};

TEST_F(McuClient, SaysOnceThatItRunsWhatIsWanted) {
  offer(1, firmware[1]);
  Life life(*this);
  EXPECT_EQ(life.live(5), 1);
  EXPECT_EQ(life.client.step(), AgentStep::idle);
  EXPECT_EQ(life.told("committed"), 1u);
  store();
  EXPECT_EQ(life.live(150), 2) << "a round each minute";
  EXPECT_EQ(life.told("committed"), 1u);
  offer(2, firmware[1]);  // another release of the same bytes is told again
  life.live(120);
  EXPECT_GE(life.told("committed"), 2u);
  EXPECT_EQ(broker.count("\\\"version\\\":\\\"2\\\""), life.told("committed") - 1);
}

TEST_F(McuClient, AsksAtOnceWhenThereIsAnOrder) {
  offer(1, firmware[1]);
  Life life(*this);
  EXPECT_EQ(life.live(5), 1);
  broker.push("v1/d1/update/request/firmware", R"({"command":"01A"})");
  EXPECT_EQ(life.live(5), 1);
  EXPECT_EQ(life.live(5), 0);
}

TEST_F(McuClient, UpdatesAndSaysEachStep) {
  offer(2, firmware[2]);
  Life old(*this);
  old.live(5);
  EXPECT_TRUE(old.restarts);
  EXPECT_EQ(broker.count(R"("state":"installed")"), 1u);
  EXPECT_EQ(old.told("committed"), 0u) << "it has not run yet";
  Life trial(*this);
  ASSERT_TRUE(trial.choice.trial);
  trial.live(2);
  EXPECT_FALSE(trial.restarts);
  EXPECT_EQ(trial.told("committed"), 1u);
  EXPECT_EQ(trial.updater.state().state, State::updated);
}

// While the image may still be taken back nothing comes before the check-in that decides it.
TEST_F(McuClient, OnTrialChecksInBeforeItTurnsToTheBroker) {
  offer(2, firmware[2]);
  Life(*this).live(5);
  broker.opened = 0;
  Life trial(*this);
  ASSERT_TRUE(trial.choice.trial);
  trial.client.poll();
  EXPECT_EQ(trial.client.step(), AgentStep::accepted);
  EXPECT_EQ(broker.opened, 0);
  trial.client.poll();
  EXPECT_EQ(broker.opened, 1);
}

TEST_F(McuClient, OnTrialHearsOrdersWhenTheServerIsAway) {
  offer(2, firmware[2]);
  Life(*this).live(5);
  server.reachable = false;
  Life trial(*this);
  trial.live(3);
  EXPECT_TRUE(trial.mqtt.connected());
}

TEST_F(McuClient, SaysUntilItIsStoredThatItWentBack) {
  self_test = [] { return false; };
  offer(2, firmware[2]);
  Life(*this).live(5);
  Life trial(*this);
  ASSERT_TRUE(trial.choice.trial);
  trial.live(5);
  EXPECT_TRUE(trial.restarts);
  self_test = nullptr;
  const std::uint64_t sent = server.sent_of(firmware[2]);
  for (int life = 0; life < 2; ++life) {  // the power fails before the server has stored it
    Life again(*this);
    EXPECT_FALSE(again.choice.trial);
    again.live(5);
    EXPECT_EQ(again.told("rolled_back"), 1u);
    EXPECT_EQ(broker.count("\\\"reason\\\":\\\"self_test_failed\\\""), 1u);
    if (life == 1) store();
    again.live(2);
    EXPECT_EQ(again.updater.is_untold(), life == 0);
  }
  Life later(*this);
  later.live(70);
  EXPECT_EQ(later.told("rolled_back"), 0u);
  EXPECT_EQ(server.sent_of(firmware[2]), sent) << "it is never fetched again";
}

TEST_F(McuClient, RefusesWhatNobodySignedAndSaysWhy) {
  const host::P256Key stranger = host::P256Key::generate().value();
  const Bytes image = board.image(2, 20, kModel, &stranger);
  offer(2, image);
  Life life(*this);
  life.live(5);
  EXPECT_FALSE(life.restarts);
  EXPECT_EQ(life.told("failed"), 1u);
  EXPECT_EQ(broker.count("\\\"reason\\\":\\\"bad_signature\\\""), 1u);
  store();
  life.live(70);
  EXPECT_EQ(life.told("failed"), 1u);
  EXPECT_EQ(server.sent_of(image), image.size()) << "once";
}

TEST_F(McuClient, GivesUpWhileItFetchesWhenToldTo) {
  offer(2, firmware[2]);
  Life life(*this);
  broker.once_said = R"("state":"fetching")";
  broker.then_topic = "v1/d1/update/cancel";
  broker.then_payload = R"({"command":"01C"})";
  life.live(5);
  EXPECT_FALSE(life.restarts);
  EXPECT_EQ(life.agent.cause(), Cause::cancelled);
  EXPECT_EQ(life.told("cancelled"), 1u);
  EXPECT_EQ(broker.count(R"({"command":"01C","status":"cancelled"})"), 1u);
  EXPECT_EQ(life.updater.state().state, State::ready);
  EXPECT_LT(server.sent_of(firmware[2]), firmware[2].size());
}

TEST_F(McuClient, GivesUpWhatWasInterruptedButNotWhatRuns) {
  offer(2, firmware[2]);
  server.alive_for = 17'000;  // then the connection breaks
  Life life(*this);
  for (int i = 0; i < 3 && life.agent.cause() == Cause::ok; ++i) life.client.poll();
  ASSERT_EQ(life.updater.state().state, State::writing);
  for (const char* status : {"cancelled", "too_late"}) {
    server.reachable = false;  // so that nothing new begins
    broker.push("v1/d1/update/cancel", R"({"command":"01C"})");
    life.client.poll();
    EXPECT_EQ(broker.count(std::string(R"({"command":"01C","status":")") + status), 1u) << status;
    EXPECT_EQ(life.updater.state().state, State::ready);
  }
  life.live(1);
  EXPECT_EQ(life.told("cancelled"), 1u);
}

TEST_F(McuClient, AsksEverMoreSlowlyWhenTheServerIsAway) {
  server.reachable = false;
  Life life(*this);
  const int rounds = life.live(300);
  EXPECT_GT(rounds, 5);
  EXPECT_LT(rounds, 20);
}

}  // namespace
}  // namespace stratus::mcu::client_test
