#include "stratus/mcu/components.hpp"

#include <random>

#include "host/delta_encoder.hpp"
#include <gtest/gtest.h>

#include "stratus/mcu/agent_testing.hpp"
#include "stratus/mcu/assets.hpp"
#include "stratus/mcu/board_testing.hpp"

namespace stratus::mcu::components_test {
namespace {

constexpr char kModel[] = "test-board";

// Can be told that its first bytes are no longer written.
struct FailingFlash final : Flash {
  FailingFlash(std::uint32_t size, std::uint32_t sector_size, std::uint32_t program_align)
      : Flash(sector_size, program_align), memory(size, sector_size, program_align) {}
  bool read(std::uint32_t at, void* to, std::uint32_t size) override { return memory.read(at, to, size); }
  bool program(std::uint32_t at, const void* from, std::uint32_t size) override {
    return at >= broken_below && memory.program(at, from, size);
  }
  bool erase(std::uint32_t at) override { return at >= broken_below && memory.erase(at); }
  host::MemoryFlash memory;
  std::vector<std::uint8_t>& bytes = memory.bytes;
  unsigned& bits_set = memory.bits_set;
  std::uint32_t broken_below = 0;
};

// A board that keeps assets and configuration, in a flash of their own; everything but flash is made anew at
// a restart.
class McuComponents : public testing::Test {
 protected:
  struct Life {
    explicit Life(McuComponents& t)
        : journal(t.board.flash, t.board.layout.journal),
          updater(t.board.flash, t.board.layout, journal, t.board.crypto, t.board.board.data()),
          assets(ComponentKind::assets, t.parts, t.assets_layout, t.board.crypto, kModel),
          settings(ComponentKind::configuration, t.parts, t.settings_layout, t.board.crypto, kModel),
          http(t.server, "h"),
          agent({kModel, "/next?have=", 60, t.self_test},
                {t.board.flash, t.board.layout, updater, t.board.crypto, t.clock, nullptr, nullptr, nullptr,
                 nullptr, &set},
                http) {
      choice = t.board.boot(journal);
      set.start(updater.state().state);
    }
    Journal journal;
    BootChoice choice;
    Updater updater;
    ComponentArea assets, settings;
    ComponentArea* areas[2] = {&assets, &settings};
    ComponentSet set{areas, 2};
    HttpClient http;
    Agent agent;
  };

  McuComponents() { board.put(0, firmware[1]); }
  Bytes part(ComponentKind kind, std::uint8_t version, std::size_t size, std::uint32_t counter = 0,
             const host::P256Key* key = nullptr) {
    Bytes payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::uint8_t>(i * 7 + version);
    return part_of(kind, payload, version, counter, key);
  }
  Bytes part_of(ComponentKind kind, const Bytes& payload, std::uint8_t version, std::uint32_t counter = 0,
                const host::P256Key* key = nullptr) {
    const std::string model = std::string(kModel) + "/" + component_name(kind);
    host::ImageFields fields;
    fields.major = version;
    fields.header_size = 32;
    fields.payload_unit = 1;
    fields.security_counter = counter != 0 ? counter : version;
    fields.model = model;
    return host::write_image(payload, fields, (key != nullptr ? *key : board.key).signer()).value();
  }
  // What the server wants from now on: firmware `version`, and the parts; the assets as a patch from `base`
  // too.
  void offer(std::uint8_t version, const Bytes* assets, const Bytes* settings, const Bytes* base = nullptr) {
    host::ManifestFields fields = wanted(server, kModel, version, ++serial, firmware[version]);
    if (base != nullptr) patch = host::encode_delta(*base, *assets).value();
    if (assets != nullptr) add_part(server, fields, 1, *assets, base, &patch);
    if (settings != nullptr) add_part(server, fields, 2, *settings);
    server.manifest = host::write_manifest(fields, board.key.signer()).value();
  }
  bool uses(ComponentArea& area, const Bytes& part) {
    return area.exists() && memcmp(area.digest(), host::raw_sha256(part).data(), 32) == 0;
  }

  TestBoard board;
  Bytes firmware[4] = {{}, board.image(1), board.image(2), board.image(3)};
  FailingFlash parts{64 * 4096, 4096, 4};
  FlashLayout assets_layout{0, {2 * 4096, 18 * 4096}, 16 * 4096};
  FlashLayout settings_layout{40 * 4096, {42 * 4096, 43 * 4096}, 4096};
  TestServer server;
  Bytes patch;  // the last one offered
  TestClock clock;
  bool (*self_test)() = nullptr;
  std::uint32_t serial = 0;
};

TEST_F(McuComponents, TakesAPatchFromWhatIsInUseAndOverAnInterruption) {
  const Bytes one = part(ComponentKind::assets, 1, 60'000);
  Bytes payload(60'000);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::uint8_t>(i * 7 + 1);
  std::mt19937 noise(7);
  for (std::size_t i = 20'000; i < 23'000; ++i) payload[i] = static_cast<std::uint8_t>(noise());
  const Bytes two = part_of(ComponentKind::assets, payload, 2);
  offer(1, &one, nullptr);
  {
    Life life(*this);
    ASSERT_EQ(life.agent.poll(), AgentStep::accepted);
    EXPECT_EQ(server.last_question.find("assets="), std::string::npos) << "there were none";
  }
  offer(1, &two, nullptr, &one);
  ASSERT_LT(patch.size(), two.size() / 10);
  server.alive_for = 2'000;  // then the connection breaks
  {
    Life life(*this);
    EXPECT_EQ(life.agent.poll(), AgentStep::idle);
    EXPECT_NE(server.last_question.find("&assets=" + TestServer::name_of(one)), std::string::npos);
    EXPECT_TRUE(uses(life.assets, one));
  }
  Life life(*this);
  EXPECT_EQ(life.agent.poll(), AgentStep::accepted);
  EXPECT_TRUE(uses(life.assets, two));
  EXPECT_EQ(server.sent_of(two), 0u);
  EXPECT_LE(server.sent_of(patch), patch.size() + 2'000);
  EXPECT_EQ(parts.bits_set, 0u);
}

TEST_F(McuComponents, TakesTheWholePartWhereThePatchIsFromSomethingElse) {
  const Bytes one = part(ComponentKind::assets, 1, 9'000), two = part(ComponentKind::assets, 2, 9'000);
  const Bytes foreign = part(ComponentKind::assets, 3, 9'000);
  offer(1, &one, nullptr);
  Life life(*this);
  ASSERT_EQ(life.agent.poll(), AgentStep::accepted);
  offer(1, &two, nullptr, &foreign);
  EXPECT_EQ(life.agent.poll(), AgentStep::accepted);
  EXPECT_TRUE(uses(life.assets, two));
  EXPECT_EQ(server.sent_of(patch), 0u);
}

TEST_F(McuComponents, OnlyWhatDiffersTravelsAndComesIntoUseWithItsFirmware) {
  const Bytes one = part(ComponentKind::assets, 1, 30'000), two = part(ComponentKind::assets, 2, 31'000);
  const Bytes settings = part(ComponentKind::configuration, 1, 501);
  offer(1, &one, &settings);
  Life first(*this);
  EXPECT_EQ(first.agent.poll(), AgentStep::accepted);  // the parts alone: no restart
  EXPECT_TRUE(uses(first.assets, one));
  EXPECT_TRUE(uses(first.settings, settings));
  EXPECT_EQ(first.settings.size(), 501u);
  EXPECT_EQ(server.sent_of(firmware[1]), 0u);
  EXPECT_EQ(first.agent.poll(), AgentStep::idle);
  EXPECT_EQ(server.sent_of(one), one.size());

  offer(2, &two, &settings);
  EXPECT_EQ(first.agent.poll(), AgentStep::reboot);
  EXPECT_TRUE(uses(first.assets, one));  // the old firmware still draws what it knows
  Life trial(*this);
  ASSERT_TRUE(trial.choice.trial);
  EXPECT_TRUE(uses(trial.assets, two));
  EXPECT_EQ(trial.agent.poll(), AgentStep::accepted);
  EXPECT_TRUE(uses(trial.assets, two));
  Life later(*this);
  EXPECT_TRUE(uses(later.assets, two) && uses(later.settings, settings));
  EXPECT_EQ(later.agent.poll(), AgentStep::idle);
  EXPECT_EQ(server.sent_of(settings), settings.size());  // once, although two releases name it
  EXPECT_EQ(server.sent_of(two), two.size());
  char buffer[100];
  TextWriter out(buffer, sizeof buffer);
  out.open();
  later.set.describe(out, "2.0.0");
  EXPECT_STREQ(out.close().c_str(),
               R"({"components":{"firmware":"2.0.0","assets":"2.0.0","configuration":"1.0.0"}})");
  EXPECT_EQ(parts.bits_set, 0u);
}

TEST_F(McuComponents, GivenUpFirmwareTakesItsPartsAlong) {
  const Bytes one = part(ComponentKind::assets, 1, 9000), two = part(ComponentKind::assets, 2, 9000);
  offer(1, &one, nullptr);
  Life(*this).agent.poll();
  offer(2, &two, nullptr);
  EXPECT_EQ(Life(*this).agent.poll(), AgentStep::reboot);
  self_test = [] { return false; };
  EXPECT_EQ(Life(*this).agent.poll(), AgentStep::reboot);
  self_test = nullptr;
  Life back(*this);
  EXPECT_FALSE(back.choice.trial);
  EXPECT_TRUE(uses(back.assets, one));
  EXPECT_EQ(back.agent.poll(), AgentStep::idle);
  EXPECT_EQ(back.agent.cause(), Cause::known_bad);
  // The next release has the same assets as the bad one: they wait already, and still belong to nobody.
  const auto before = server.sent_of(two);
  offer(3, &two, nullptr);
  EXPECT_EQ(back.agent.poll(), AgentStep::reboot);
  EXPECT_EQ(server.sent_of(two), before);
  Life third(*this);
  EXPECT_EQ(third.agent.poll(), AgentStep::accepted);
  EXPECT_TRUE(uses(third.assets, two));
}

TEST_F(McuComponents, PartsOfAnUnwantedReleaseAreNotMixedIntoTheNext) {
  const Bytes one = part(ComponentKind::assets, 1, 9000), two = part(ComponentKind::assets, 2, 9000);
  offer(1, &one, nullptr);
  Life(*this).agent.poll();
  offer(2, &two, nullptr);
  Life second(*this);
  EXPECT_EQ(second.agent.poll(), AgentStep::reboot);
  ASSERT_EQ(second.updater.cancel(), Cause::ok);
  offer(3, nullptr, nullptr);
  EXPECT_EQ(second.agent.poll(), AgentStep::reboot);
  Life third(*this);
  EXPECT_TRUE(third.choice.trial);
  EXPECT_TRUE(uses(third.assets, one));
}

TEST_F(McuComponents, ACutBetweenBothAcceptancesIsMadeUpFor) {
  const Bytes one = part(ComponentKind::assets, 1, 9000), two = part(ComponentKind::assets, 2, 9000);
  offer(1, &one, nullptr);
  Life(*this).agent.poll();
  offer(2, &two, nullptr);
  Life(*this).agent.poll();
  Life trial(*this);
  ASSERT_EQ(trial.updater.accept(), Cause::ok);  // and then the power went
  Life later(*this);
  EXPECT_FALSE(later.choice.trial);
  EXPECT_TRUE(uses(later.assets, two));
  EXPECT_EQ(later.assets.updater().state().state, State::updated);
}

// Without a firmware of their own the parts of a release are not bound to each other:
// docs/formats/mcu-image.md.
TEST_F(McuComponents, PartsAloneWaitForEachOtherButNotAcrossARestart) {
  const Bytes one = part(ComponentKind::assets, 1, 9000), two = part(ComponentKind::assets, 2, 9000);
  const Bytes old_settings = part(ComponentKind::configuration, 1, 500),
              settings = part(ComponentKind::configuration, 2, 500);
  offer(2, &one, &old_settings);
  Life(*this).agent.poll();
  Life trial(*this);
  ASSERT_EQ(trial.agent.poll(), AgentStep::accepted);
  offer(2, &two, &settings);
  server.alive_for = static_cast<std::int64_t>(two.size()) + 100;  // the assets come, the settings do not
  EXPECT_EQ(trial.agent.poll(), AgentStep::idle);
  ASSERT_EQ(trial.assets.updater().state().state, State::staged);
  EXPECT_TRUE(uses(trial.assets, one) && uses(trial.settings, old_settings));
  Life later(*this);
  EXPECT_TRUE(uses(later.assets, two) && uses(later.settings, old_settings));
  EXPECT_EQ(later.agent.poll(), AgentStep::accepted);
  EXPECT_TRUE(uses(later.assets, two) && uses(later.settings, settings));
  EXPECT_EQ(server.sent_of(two), two.size());
}

TEST_F(McuComponents, AFailingJournalDoesNotFreeTheSlotInUse) {
  const Bytes one = part(ComponentKind::assets, 1, 9000), two = part(ComponentKind::assets, 2, 9000),
              three = part(ComponentKind::assets, 3, 9000);
  for (const Bytes* next : {&two, &three}) {  // the same release again, or the next one
    board.flash.bytes.assign(board.flash.bytes.size(), 0xff);
    board.put(0, firmware[1]);
    parts.bytes.assign(parts.bytes.size(), 0xff);
    offer(1, &one, nullptr);
    Life(*this).agent.poll();
    offer(2, &two, nullptr);
    Life(*this).agent.poll();
    Life trial(*this);
    ASSERT_TRUE(trial.choice.trial && uses(trial.assets, two));
    parts.broken_below = 2 * 4096;  // the journal of the assets
    EXPECT_EQ(trial.agent.poll(), AgentStep::accepted);
    EXPECT_EQ(trial.assets.updater().state().state, State::staged);
    offer(2, next, nullptr);
    EXPECT_EQ(trial.agent.poll(), AgentStep::idle);
    EXPECT_TRUE(uses(trial.assets, two));
    parts.broken_below = 0;
    const auto before = server.sent_of(two);
    EXPECT_EQ(trial.agent.poll(), AgentStep::accepted);
    EXPECT_TRUE(uses(trial.assets, *next));
    EXPECT_EQ(trial.assets.updater().state().state, State::updated);
    EXPECT_EQ(server.sent_of(two), before);
    // Whatever came after, two lies where it was used.
    ImageInfo info;
    std::uint8_t digest[32];
    ASSERT_EQ(verify_image(parts, assets_layout.slot[0], assets_layout.slot_size, board.crypto,
                           {trial.assets.updater().board_class(), 0}, info),
              Cause::ok);
    ASSERT_TRUE(hash_flash(parts, assets_layout.slot[0], info.size, board.crypto, digest));
    EXPECT_EQ(memcmp(digest, host::raw_sha256(two).data(), 32), 0);
    Life later(*this);
    EXPECT_TRUE(uses(later.assets, *next));
  }
}

TEST_F(McuComponents, RefusesStrangersOtherKindsAndOldCountersAndRemembers) {
  const auto stranger = host::P256Key::generate().value();
  const Bytes good = part(ComponentKind::assets, 5, 4000);
  const Bytes foreign = part(ComponentKind::assets, 6, 4000, 6, &stranger);
  const Bytes wrong = part(ComponentKind::configuration, 6, 4000);
  const Bytes old = part(ComponentKind::assets, 7, 4000, 4);
  offer(1, &good, nullptr);
  Life life(*this);
  ASSERT_EQ(life.agent.poll(), AgentStep::accepted);
  for (const auto& [bad, cause] : {std::pair{&foreign, Cause::bad_signature},
                                   {&wrong, Cause::wrong_model},
                                   {&old, Cause::downgrade},
                                   {&firmware[3], Cause::wrong_model}}) {
    offer(1, bad, nullptr);
    EXPECT_EQ(life.agent.poll(), AgentStep::idle);
    EXPECT_EQ(life.agent.cause(), cause);
    EXPECT_EQ(life.set.untold(*life.agent.manifest()), &life.assets.updater());
    const auto sent = server.sent_of(*bad);
    EXPECT_EQ(life.agent.poll(), AgentStep::idle);
    EXPECT_EQ(life.agent.cause(), Cause::known_bad);
    EXPECT_EQ(server.sent_of(*bad), sent);
    EXPECT_TRUE(uses(life.assets, good));
  }
  const Bytes large = part(ComponentKind::assets, 8, 70'000);
  offer(1, &large, nullptr);
  life.agent.poll();
  EXPECT_EQ(life.agent.cause(), Cause::too_large);
}

TEST_F(McuComponents, GoesOnAtItsMarkAndMendsWhatRotted) {
  const Bytes one = part(ComponentKind::assets, 1, 40'000);
  offer(1, &one, nullptr);
  server.alive_for = 30'000;
  Life cut(*this);
  EXPECT_EQ(cut.agent.poll(), AgentStep::idle);
  Life again(*this);
  EXPECT_EQ(again.agent.poll(), AgentStep::accepted);
  EXPECT_LE(server.sent_of(one), one.size() + 30'000 - kMark);
  parts.bytes[assets_layout.slot[1] + 5000] ^= 1;
  Life rotten(*this);
  EXPECT_FALSE(rotten.assets.exists());
  EXPECT_EQ(rotten.agent.poll(), AgentStep::accepted);
  EXPECT_TRUE(uses(rotten.assets, one));
}

TEST_F(McuComponents, ABoardWithoutAPlacePassesPartsOver) {
  const Bytes one = part(ComponentKind::assets, 1, 4000);
  offer(2, &one, nullptr);
  Journal journal(board.flash, board.layout.journal);
  Updater updater(board.flash, board.layout, journal, board.crypto, board.board.data());
  board.boot(journal);
  HttpClient http(server, "h");
  Agent agent({kModel, "/next?have=", 60, nullptr},
              {board.flash, board.layout, updater, board.crypto, clock, nullptr, nullptr, nullptr, nullptr},
              http);
  EXPECT_EQ(agent.poll(), AgentStep::reboot);
  EXPECT_EQ(server.sent_of(one), 0u);
}

}  // namespace
}  // namespace stratus::mcu::components_test
