// A second board behind a simulated UART that loses, changes and repeats bytes; it is reset and loses its
// power.
#include <deque>
#include <functional>
#include <optional>

#include "sim/sim_testing.hpp"
#include <gtest/gtest.h>

#include "stratus/mcu/agent_testing.hpp"
#include "stratus/mcu/boot.hpp"
#include "stratus/mcu/relay.hpp"

namespace stratus::mcu::sim {
namespace {

constexpr char kPeerModel[] = "tiny";
constexpr char kMainModel[] = "large";
constexpr std::uint32_t kSector = 4096;

// One direction of the line. Of 1,000 bytes so many are lost, changed, said twice.
struct Wire {
  unsigned lost = 0, changed = 0, twice = 0;
  std::minstd_rand random{7};
  std::deque<std::uint8_t> bytes;
  void send(const std::uint8_t* from, std::uint32_t size) {
    for (std::uint32_t i = 0; i < size; ++i) {
      const unsigned fate = static_cast<unsigned>(random() % 1000);
      if (fate < lost) continue;
      const bool bad = fate < lost + changed;
      bytes.push_back(static_cast<std::uint8_t>(from[i] ^ (bad ? 1u << random() % 8 : 0u)));
      if (fate >= 1000 - twice) bytes.push_back(from[i]);
    }
  }
  std::int32_t receive(void* to, std::uint32_t size) {
    const auto n = std::min<std::size_t>(size, bytes.size());
    std::copy_n(bytes.begin(), n, static_cast<std::uint8_t*>(to));
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<long>(n));
    return static_cast<std::int32_t>(n);
  }
};

// The second board: flash that survives, everything else made anew by power() and reset.
class Tiny final : public Stream {
 public:
  Tiny(Wire& in, Wire& out, TestClock& clock, unsigned seed)
      : in_(in), out_(out), clock_(clock), flash(host::MemoryFlash(16 * kSector, kSector, 4), seed) {}

  // Stream as the board sees it.
  bool open() override { return true; }
  void close() override {}
  bool readable() override { return !in_.bytes.empty(); }
  std::int32_t read(void* to, std::uint32_t size) override { return in_.receive(to, size); }
  bool write(const void* from, std::uint32_t size) override {
    out_.send(static_cast<const std::uint8_t*>(from), size);
    return true;
  }

  // Lets it work on what has come.
  void turn() {
    try {
      if (reset_after != 0 && --reset_after == 0) return life_.reset();  // somebody pressed the button
      if (!life_) life_.emplace(*this);
      if (!life_->bootable) return;
      if (life_->crashes || life_->peer.poll()) life_.reset();
    } catch (const PowerCut&) {
      ++cuts;
      flash.cut_at = 0;
      life_.reset();
      in_.bytes.clear();  // its receiver had no power either
    }
  }
  const Record& record() {
    if (!life_) life_.emplace(*this);
    return life_->journal.now();
  }
  int running() {
    if (!life_) life_.emplace(*this);
    return life_->bootable ? life_->version : -1;
  }

 private:
  struct Life {
    explicit Life(Tiny& t)
        : board_class(host::board_class_of(kPeerModel)),
          journal(t.flash, t.layout.journal),
          choice(choose_boot(t.flash, t.layout, journal, t.crypto_, board_class.data())),
          updater(t.flash, t.layout, journal, t.crypto_, board_class.data()),
          peer({t, t.flash, t.layout, updater, t.crypto_, t.clock_, nullptr}) {
      bootable = choice.bootable && peer.start(choice.slot);
      version = choice.info.version[0];
      crashes = choice.trial && t.bad_version == version;
    }
    std::array<std::uint8_t, 16> board_class;
    Journal journal;
    BootChoice choice;
    Updater updater;
    RelayPeer peer;
    bool bootable = false, crashes = false;
    int version = 0;
  };
  Wire& in_;
  Wire& out_;
  TestClock& clock_;
  SimCrypto crypto_;
  std::optional<Life> life_;

 public:
  FlashLayout layout{0, {2 * kSector, 8 * kSector}, 6 * kSector};
  SimFlash flash;
  unsigned cuts = 0;
  unsigned reset_after = 0;  // turns; 0: never
  int bad_version = 0;
};

// The first board's end of the line: while it waits, the second board works.
class MainEnd final : public Stream {
 public:
  MainEnd(Wire& out, Wire& in, Tiny& tiny, TestClock& clock)
      : out_(out), in_(in), tiny_(tiny), clock_(clock) {}
  bool open() override { return true; }
  void close() override {}
  bool readable() override { return !in_.bytes.empty(); }
  std::int32_t read(void* to, std::uint32_t size) override {
    for (int wait = 0; in_.bytes.empty() && wait < 4; ++wait) {
      clock_.now += 25;
      if (until && until()) alive = false;
      if (alive) tiny_.turn();
    }
    return in_.bytes.empty() ? -1 : in_.receive(to, size);
  }
  bool write(const void* from, std::uint32_t size) override {
    out_.send(static_cast<const std::uint8_t*>(from), size);
    return true;
  }
  bool alive = true;
  std::function<bool()> until;  // no longer alive

 private:
  Wire& out_;
  Wire& in_;
  Tiny& tiny_;
  TestClock& clock_;
};

struct RelayBench {
  explicit RelayBench(unsigned seed = 1) : tiny(down, up, clock, seed), host(line, crypto, nullptr) {
    place(tiny.flash, tiny.layout.slot[0], test_image(1, kSize, kPeerModel));
    hold(test_image(2, kSize, kPeerModel));
  }
  // The first board has this image as the part "secondary" of its release.
  void hold(const Bytes& image) {
    const Bytes part = test_image(1, 0, std::string(kMainModel) + "/secondary", &image);
    main_flash.bytes.assign(main_flash.bytes.size(), 0xff);
    std::copy(part.begin(), part.end(), main_flash.bytes.begin() + main_layout.slot[0]);
    area.start(State::ready);
    ASSERT_TRUE(area.exists());
  }
  static constexpr std::size_t kSize = 18'003;
  TestClock clock;
  Wire down, up;
  Tiny tiny;
  MainEnd line{down, up, tiny, clock};
  SimCrypto crypto;
  host::MemoryFlash main_flash{20 * kSector, kSector, 4};
  FlashLayout main_layout{0, {2 * kSector, 11 * kSector}, 9 * kSector};
  ComponentArea area{ComponentKind::secondary, main_flash, main_layout, crypto, kMainModel};
  RelayHost host;
};

class McuRelay : public testing::Test, protected RelayBench {};

TEST_F(McuRelay, BringsAnImageOverOnce) {
  ASSERT_EQ(host.update(area), Cause::ok);
  EXPECT_EQ(tiny.running(), 2);
  EXPECT_EQ(tiny.record().state, State::updated);
  EXPECT_EQ(host.sent(), area.size());
  ASSERT_EQ(host.update(area), Cause::ok);
  EXPECT_EQ(host.sent(), 0u);
  EXPECT_EQ(tiny.flash.memory.bits_set, 0u);
}

TEST_F(McuRelay, ABadLineCostsRepeatsOnly) {
  for (Wire* wire : {&down, &up}) {
    wire->lost = 2;
    wire->changed = 2;
    wire->twice = 1;
  }
  Cause cause = Cause::unavailable;
  for (int turn = 0; turn < 20 && cause != Cause::ok; ++turn) cause = host.update(area);
  ASSERT_EQ(cause, Cause::ok);
  EXPECT_EQ(tiny.running(), 2);
}

TEST_F(McuRelay, SaysThatNobodyAnswers) {
  line.alive = false;
  EXPECT_EQ(host.update(area), Cause::unavailable);
  line.alive = true;
  EXPECT_EQ(host.update(area), Cause::ok);
}

TEST_F(McuRelay, AnImageThatCrashesIsTakenBackAndNotSentAgain) {
  tiny.bad_version = 2;
  EXPECT_EQ(host.update(area), Cause::trial_failed);
  EXPECT_EQ(tiny.running(), 1);
  EXPECT_EQ(host.update(area), Cause::known_bad);
  EXPECT_EQ(host.sent(), 0u);
}

TEST_F(McuRelay, WhatWaitsThereAndIsWantedNoMoreMakesRoom) {
  for (const bool on_trial : {false, true}) {
    for (const std::uint8_t wanted : {std::uint8_t{3}, std::uint8_t{1}}) {  // another one; what runs there
      RelayBench other;
      // It falls silent as soon as version 2 is staged there, or tried.
      other.line.until = [&] {
        const Record& record = other.tiny.record();
        return record.state == (on_trial ? State::trial : State::staged);
      };
      ASSERT_EQ(other.host.update(other.area), Cause::unavailable);
      ASSERT_EQ(other.tiny.running(), on_trial ? 2 : 1);
      other.line.until = nullptr;
      other.down.bytes.clear();  // nobody listened
      other.line.alive = true;
      other.hold(test_image(wanted, RelayBench::kSize, kPeerModel));
      ASSERT_EQ(other.host.update(other.area), Cause::ok) << on_trial << int{wanted};
      EXPECT_EQ(other.tiny.running(), wanted);
      EXPECT_FALSE(other.tiny.record().state == State::trial || other.tiny.record().state == State::staged);
      EXPECT_EQ(other.tiny.flash.memory.bits_set, 0u);
    }
  }
}

TEST_F(McuRelay, TheSecondBoardJudgesForItself) {
  hold(test_image(2, kSize, "another"));
  EXPECT_EQ(host.update(area), Cause::wrong_model);
  hold(Bytes(5000, 3));
  EXPECT_EQ(host.update(area), Cause::no_image);
  ASSERT_EQ(tiny.running(), 1);
  hold(test_image(3, kSize, kPeerModel));
  ASSERT_EQ(host.update(area), Cause::ok);
  hold(test_image(2, kSize, kPeerModel));
  EXPECT_EQ(host.update(area), Cause::downgrade);
  hold(test_image(4, 30'000, kPeerModel));
  EXPECT_EQ(host.update(area), Cause::too_large);
  EXPECT_EQ(tiny.running(), 3);
}

// A peer that answers every word at once, by a script.
struct Scripted final : Stream {
  bool open() override { return true; }
  void close() override {}
  bool readable() override { return !up.bytes.empty(); }
  std::int32_t read(void* to, std::uint32_t size) override {
    return up.bytes.empty() ? -1 : up.receive(to, size);
  }
  bool write(const void* from, std::uint32_t size) override {
    for (std::uint32_t i = 0; i < size; ++i) {
      if (!reader.take(static_cast<const std::uint8_t*>(from)[i]) || ++words > 5000) continue;
      Bytes payload{0};
      switch (static_cast<RelayWord>(reader.type())) {
        case RelayWord::status:
          payload.assign(kRelayStatusSize, 0);
          payload[0] = static_cast<std::uint8_t>(finished ? after_finish : State::ready);
          if (finished) std::copy_n(target.begin(), kShortDigest, payload.begin() + 40);
          break;
        case RelayWord::begin:
          target.assign(reader.payload(), reader.payload() + 32);
          payload.assign(begin_size, 0);
          break;
        case RelayWord::data:
          payload.assign(5, 0);
          store32(payload.data() + 1, wanted(load32(reader.payload()), reader.size() - 4));
          payload.resize(data_size);
          break;
        case RelayWord::finish:
          finished = true;
          break;
        default:
          break;
      }
      const auto type = static_cast<std::uint8_t>(reader.type() | 0x80);
      relay_send(back, type, reader.number(), payload.data(), static_cast<std::uint32_t>(payload.size()));
    }
    return true;
  }
  struct Back final : Stream {
    explicit Back(Wire& wire) : up(wire) {}
    bool open() override { return true; }
    void close() override {}
    bool readable() override { return false; }
    std::int32_t read(void*, std::uint32_t) override { return -1; }
    bool write(const void* from, std::uint32_t size) override {
      up.send(static_cast<const std::uint8_t*>(from), size);
      return true;
    }
    Wire& up;
  };
  Wire up;
  Back back{up};
  RelayReader reader;
  unsigned words = 0;  // after very many it falls silent, so that a host that never ends is seen
  std::size_t begin_size = 5, data_size = 5;
  State after_finish = State::rejected;
  bool finished = false;
  Bytes target;  // digest of what is sent
  std::uint32_t (*wanted)(std::uint32_t offset, std::uint32_t size) =
      [](std::uint32_t offset, std::uint32_t size) { return offset + size; };
};

TEST_F(McuRelay, APeerThatNeverGetsOnDoesNotHoldTheFirstBoard) {
  using Wanted = std::uint32_t (*)(std::uint32_t, std::uint32_t);
  const Wanted same = [](std::uint32_t offset, std::uint32_t) { return offset; };
  const Wanted first = [](std::uint32_t, std::uint32_t) { return 0u; };
  const Wanted to_and_fro = [](std::uint32_t offset, std::uint32_t size) { return offset == 0 ? size : 0u; };
  for (const Wanted wanted : {same, first, to_and_fro}) {
    Scripted peer;
    peer.wanted = wanted;
    RelayHost other(peer, crypto, nullptr);
    EXPECT_EQ(other.update(area), Cause::protocol);
    EXPECT_LT(peer.words, 100u);
  }
}

TEST_F(McuRelay, AnswersOfAnotherSizeAndARejectionWithoutACauseAreNoSuccess) {
  for (const auto& [begin_size, data_size] : {std::pair<std::size_t, std::size_t>{1, 5}, {5, 1}, {5, 4}}) {
    Scripted peer;
    peer.begin_size = begin_size;
    peer.data_size = data_size;
    RelayHost other(peer, crypto, nullptr);
    EXPECT_EQ(other.update(area), Cause::protocol);
    EXPECT_FALSE(peer.finished);
  }
  Scripted peer;
  RelayHost other(peer, crypto, nullptr);
  EXPECT_EQ(other.update(area), Cause::protocol);
  EXPECT_TRUE(peer.finished);
}

TEST_F(McuRelay, SurvivesAResetAtEveryTurn) {
  for (unsigned turn = 1; turn < 160; ++turn) {
    RelayBench other;
    other.tiny.reset_after = turn;
    ASSERT_EQ(other.host.update(other.area), Cause::ok) << turn;
    ASSERT_EQ(other.tiny.running(), 2) << turn;
    // Nothing but what lay behind the last mark travels twice.
    ASSERT_LE(other.host.sent(), other.area.size() + kMark + kPage + 8 * kRelayPiece) << turn;
  }
}

TEST_F(McuRelay, NoPowerCutOfTheSecondBoardHarmsIt) {
  ASSERT_EQ(host.update(area), Cause::ok);
  const std::uint64_t total = tiny.flash.operations;
  ASSERT_GT(total, 70u);
  for (std::uint64_t k = 1; k <= total; k += kCutStep) {
    for (const CutModel model : kCutModels) {
      RelayBench other(static_cast<unsigned>(k));
      other.tiny.flash.cut_at = k;
      other.tiny.flash.model = model;
      Cause cause = Cause::unavailable;
      for (int turn = 0; turn < 4 && cause != Cause::ok; ++turn) cause = other.host.update(other.area);
      ASSERT_EQ(cause, Cause::ok) << k << " model " << static_cast<int>(model);
      ASSERT_EQ(other.tiny.cuts, 1u);
      ASSERT_EQ(other.tiny.running(), 2) << k;
      ASSERT_EQ(other.tiny.record().state, State::updated) << k;
      ASSERT_EQ(other.tiny.flash.memory.bits_set, 0u) << k;
    }
  }
}

}  // namespace
}  // namespace stratus::mcu::sim
