#include "stratus/mcu/agent.hpp"

#include <gtest/gtest.h>

#include "stratus/mcu/agent_testing.hpp"
#include "stratus/mcu/board_testing.hpp"

namespace stratus::mcu::agent_test {
namespace {

constexpr char kModel[] = "test-board";

class McuAgent : public testing::Test {
 protected:
  struct Life {
    explicit Life(McuAgent& t)
        : journal(t.board.flash, t.board.layout.journal),
          choice(t.board.boot(journal)),
          updater(t.board.flash, t.board.layout, journal, t.crypto, t.board.board.data()),
          http(t.server, "h"),
          agent(
              {kModel, "/next?have=", 60, nullptr},
              {t.board.flash, t.board.layout, updater, t.crypto, t.clock, nullptr, nullptr, nullptr, nullptr},
              http) {}
    Journal journal;
    BootChoice choice;
    Updater updater;
    HttpClient http;
    Agent agent;
  };
  struct CountingCrypto final : Crypto {
    explicit CountingCrypto(Crypto& real) : inner(real) {}
    void hash_begin() override { inner.hash_begin(); }
    void hash_add(const void* data, uint32_t size) override { inner.hash_add(data, size); }
    void hash_end(uint8_t digest[32]) override { inner.hash_end(digest); }
    bool verify(const uint8_t digest[32], const uint8_t* signature, uint32_t size) override {
      ++verified;
      return inner.verify(digest, signature, size);
    }
    Crypto& inner;
    int verified = 0;
  };

  McuAgent() { board.put(0, running); }
  void offer(const Bytes& image, std::uint32_t expires = 0) {
    host::ManifestFields fields = wanted(server, kModel, 2, ++serial, image);
    fields.expires = expires;
    server.manifest = host::write_manifest(fields, board.key.signer()).value();
  }

  TestBoard board;
  Bytes running = board.image(1), firmware = board.image(2, 38);
  TestServer server;
  TestClock clock;
  CountingCrypto crypto{board.crypto};
  std::uint32_t serial = 0;
};

TEST_F(McuAgent, TakesLargerPiecesFromAQuickServer) {
  offer(firmware);
  Life life(*this);
  EXPECT_EQ(life.agent.poll(), AgentStep::reboot);
  EXPECT_EQ(server.pieces, (std::vector<std::size_t>{16 * 1024, firmware.size() - 16 * 1024}));
}

TEST_F(McuAgent, TakesSmallerPiecesFromASlowOne) {
  offer(firmware);
  server.on_piece = [this](std::size_t size) { clock.now += static_cast<std::uint32_t>(size); };  // 1 KB/s
  Life life(*this);
  EXPECT_EQ(life.agent.poll(), AgentStep::reboot);
  ASSERT_GT(server.pieces.size(), 4u);
  EXPECT_EQ(server.pieces[0], 16u * 1024);
  EXPECT_EQ(server.pieces[1], 8u * 1024);
  EXPECT_EQ(server.pieces[2], 4u * 1024);
  EXPECT_EQ(server.pieces[3], 4u * 1024) << "not below";
}

TEST_F(McuAgent, KeepsThePieceThatTakesAboutASecond) {
  offer(firmware);
  server.on_piece = [this](std::size_t size) { clock.now += static_cast<std::uint32_t>(size / 16); };
  Life life(*this);
  EXPECT_EQ(life.agent.poll(), AgentStep::reboot);
  EXPECT_EQ(server.pieces, (std::vector<std::size_t>{16 * 1024, 16 * 1024, firmware.size() - 32 * 1024}));
}

TEST_F(McuAgent, AsksForANewLinkWhenTheOldOneHasExpiredAndGoesOnAtItsMark) {
  for (const int status : {410, 403}) {
    offer(firmware);
    server.sent.clear();
    board.flash.bytes.assign(board.flash.bytes.size(), 0xff);
    board.put(0, running);
    Life life(*this);
    server.alive_for = 20'000;  // breaks in the middle, so that there is a mark
    EXPECT_EQ(life.agent.poll(), AgentStep::idle);
    server.refuse_with = status;
    server.last_question.clear();
    EXPECT_EQ(life.agent.poll(), AgentStep::idle);
    EXPECT_EQ(life.agent.cause(), status == 410 ? Cause::expired : Cause::unauthorised);
    EXPECT_LE(life.agent.wait_seconds(), 4u) << "it asks again soon";
    server.last_question.clear();
    offer(firmware);
    EXPECT_EQ(life.agent.poll(), AgentStep::reboot);
    EXPECT_NE(server.last_question, "") << "another manifest, with another link";
    EXPECT_LE(server.sent_of(firmware), firmware.size() + kMark)
        << "what was before the mark did not travel again";
  }
}

TEST_F(McuAgent, RefusesAManifestThatHasExpired) {
  offer(firmware, clock.seconds - 1);
  Life life(*this);
  EXPECT_EQ(life.agent.poll(), AgentStep::idle);
  EXPECT_EQ(life.agent.cause(), Cause::expired);
  EXPECT_TRUE(server.pieces.empty());
}

// Each signature costs a chip without an engine a second, and each connection several of them: an update must
// not do more than it has to.
TEST_F(McuAgent, ChecksFewSignaturesOnOneConnection) {
  offer(firmware);
  {
    Life life(*this);
    EXPECT_EQ(life.agent.poll(), AgentStep::reboot);
    EXPECT_EQ(crypto.verified, 2) << "the manifest, and what is to be staged";
    EXPECT_EQ(server.opened, 1);
  }
  crypto.verified = server.opened = 0;
  Life trial(*this);
  ASSERT_TRUE(trial.choice.trial);
  EXPECT_EQ(trial.agent.poll(), AgentStep::accepted);
  EXPECT_EQ(crypto.verified, 2) << "the manifest, and what stays";
  EXPECT_EQ(trial.agent.poll(), AgentStep::idle) << "the round that a new session with the broker brings";
  EXPECT_EQ(crypto.verified, 3);
  EXPECT_EQ(server.opened, 1);
}

}  // namespace
}  // namespace stratus::mcu::agent_test
