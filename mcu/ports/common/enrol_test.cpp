// Certificates over a line that loses answers, with the power cut at every flash operation: the server, which
// answers a code only for the key that it has seen, must never be asked for another one.
#include "ports/common/enrol.hpp"

#include <memory>
#include <set>

#include "host/worn_flash.hpp"
#include "sim/sim_flash.hpp"
#include <gtest/gtest.h>

#include "stratus/mcu/bytes.hpp"
#include "stratus/mcu/software_crypto.hpp"

namespace stratus::mcu::enrol_test {
namespace {

// Its public key and its signatures follow from the secret, so that equal requests mean equal keys.
struct PlainKey final : DeviceKey {
  explicit PlainKey(const uint8_t secret[32]) { memcpy(secret_, secret, sizeof secret_); }
  bool public_key(uint8_t xy[64]) override {
    memcpy(xy, secret_, 32);
    memcpy(xy + 32, secret_, 32);
    return true;
  }
  uint32_t sign(const uint8_t*, uint8_t* out) override {
    memset(out, 0x30, 70);
    return 70;
  }
  uint8_t secret_[32];
};

// Answers each request; loses as many of its answers as it is told to.
struct Authority final : Stream {
  std::set<std::string> requests;  // the signing requests, each once
  std::string certificate = "MIIAAgEB", asked, answer;
  unsigned lose = 0, asked_for = 0;
  std::size_t at = 0;

  bool open() override {
    asked.clear();
    answer.clear();
    at = 0;
    return true;
  }
  bool write(const void* from, uint32_t size) override {
    asked.append(static_cast<const char*>(from), size);
    const std::size_t end = asked.find("\"}");
    if (end == std::string::npos) return true;
    const std::size_t begin = asked.find("\"csr\":\"");
    requests.insert(asked.substr(begin, end - begin));
    ++asked_for;
    asked.clear();
    if (lose != 0) {
      --lose;
      return true;
    }
    const std::string pem =
        "-----BEGIN CERTIFICATE-----\\n" + certificate + "\\n-----END CERTIFICATE-----\\n";
    const std::string body =
        R"({"device":"mcu-1","certificate":")" + pem + R"(","chain":")" + pem + R"(","renew_after_ms":5000})";
    answer = "HTTP/1.1 201 Created\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    at = 0;
    return true;
  }
  int32_t read(void* to, uint32_t size) override {
    const auto n = static_cast<uint32_t>(std::min<std::size_t>(size, answer.size() - at));
    memcpy(to, answer.data() + at, n);
    at += n;
    return static_cast<int32_t>(n);
  }
  bool readable() override { return at < answer.size(); }
  void close() override {}
};

struct Applicant {
  explicit Applicant(std::uint32_t sector) : flash(host::MemoryFlash(2 * sector, sector, 16), 3) {}
  // From a start to the next; what the device runs does so.
  Cause ask(const char* path) { return ask(path, flash); }
  Cause ask(const char* path, Flash& identity) {
    IdentityStore store(identity, 0);
    store.mount();
    const std::uint8_t zero[64] = {};
    SoftwareCrypto crypto(zero);
    HttpClient http(authority, "h");
    const auto received = std::make_unique<CertificateAnswer>();
    const auto draw = [this](uint8_t* key) {
      memset(key, static_cast<int>(++drawn), 32);
      return true;
    };
    return request_certificate<PlainKey>(http, path, "CODE", "mcu-1", draw, crypto, store, *received);
  }
  // The key that the device has, by the number of its drawing; 0: no identity.
  unsigned key() {
    IdentityStore store(flash, 0);
    return store.mount() ? store.head().key[0] : 0;
  }

  sim::SimFlash flash;
  Authority authority;
  unsigned drawn = 0;
};

TEST(McuEnrolment, AsksForTheSameKeyUntilTheAnswerComes) {
  Applicant device(4096);
  for (unsigned turn = 1; turn < 4; ++turn) {  // enrolment, then two renewals
    device.authority.requests.clear();
    device.authority.lose = 5;
    for (unsigned lost = 0; lost < 5; ++lost) {
      EXPECT_NE(device.ask("/p"), Cause::ok);
      EXPECT_EQ(device.key(), turn - 1) << "the identity before stays";
    }
    EXPECT_EQ(device.ask("/p"), Cause::ok);
    EXPECT_EQ(device.authority.requests.size(), 1u);
    EXPECT_EQ(device.key(), turn) << "each identity has a key of its own";
  }
}

TEST(McuEnrolment, IsAskedForOneKeyWhereverThePowerFails) {
  for (const std::uint32_t sector : {1024u, 4096u, 65536u}) {
    for (const bool renewal : {false, true}) {
      for (const auto model : {sim::CutModel::before, sim::CutModel::torn, sim::CutModel::after}) {
        for (std::uint64_t cut = 1, done = 0; done == 0; ++cut) {
          Applicant device(sector);
          if (renewal) ASSERT_EQ(device.ask("/first"), Cause::ok);
          device.authority.requests.clear();
          device.authority.lose = 1;
          device.flash.operations = 0;
          device.flash.cut_at = cut;
          device.flash.model = model;
          const unsigned before = device.key();
          for (unsigned starts = 0;; ++starts) {
            ASSERT_LT(starts, 6u) << "does not end";
            try {
              if (device.ask("/again") == Cause::ok) break;
            } catch (const sim::PowerCut&) {
              device.flash.cut_at = 0;
              if (device.key() != before) break;  // it was durable already
            }
          }
          EXPECT_EQ(device.authority.requests.size(), 1u) << "sector " << sector << ", cut " << cut;
          EXPECT_GT(device.authority.asked_for, 1u);
          IdentityStore store(device.flash, 0);
          ASSERT_TRUE(store.mount());
          EXPECT_NE(device.key(), before);
          std::uint8_t none[32];
          EXPECT_FALSE(store.pending(none)) << "nothing is under way any more";
          EXPECT_EQ(device.flash.memory.bits_set, 0u);
          done = device.flash.cut_at != 0 ? cut : 0;  // the last operation lay before this cut
        }
      }
    }
  }
}

TEST(McuRenewal, IsTriedEverMoreSlowlyWhileItFails) {
  struct SettableClock final : Clock {
    uint32_t now = 0xfffffff0;  // about to wrap
    uint32_t seconds = 1000;
    uint32_t millis() override { return now; }
    uint32_t unix_time() override { return seconds; }
  } clock;
  RenewalTimer timer;
  EXPECT_FALSE(timer.is_due(clock, 0)) << "never";
  EXPECT_FALSE(timer.is_due(clock, 1000));
  clock.seconds = 1001;
  ASSERT_TRUE(timer.is_due(clock, 1000));
  for (const uint32_t wait : {2u, 4u, 8u, 16u, 32u, 64u, 128u, 256u, 512u, 512u}) {
    timer.note(clock, Cause::unavailable);
    clock.now += wait * 1000 - 1;
    EXPECT_FALSE(timer.is_due(clock, 1000)) << wait;
    clock.now += 1;
    EXPECT_TRUE(timer.is_due(clock, 1000)) << wait;
  }
  timer.note(clock, Cause::ok);
  EXPECT_FALSE(timer.is_due(clock, 5000));
  clock.seconds = 5001;
  EXPECT_TRUE(timer.is_due(clock, 5000));
}

TEST(McuEnrolment, GoesOnWhenEveryPlaceForTheKeyIsTorn) {
  Applicant device(4096);
  ASSERT_EQ(device.ask("/first"), Cause::ok);
  for (std::size_t at = 128; at < 4096; ++at) {
    if (device.flash.memory.bytes[at] == 0xff) device.flash.memory.bytes[at] = 0x7f;
  }
  EXPECT_EQ(device.ask("/again"), Cause::ok);
  EXPECT_EQ(device.key(), 2u);
}

TEST(McuEnrolment, GoesOnWhenNoPlaceForTheKeyTakesAWriteOrIsRead) {
  for (const bool stuck : {true, false}) {
    Applicant device(4096);
    ASSERT_EQ(device.ask("/first"), Cause::ok);
    host::WornFlash old(device.flash.memory);
    (stuck ? old.stuck : old.unreadable) = {192, 4096};  // behind the identity, which is in the first sector
    EXPECT_EQ(device.ask("/again", old), Cause::ok);
    EXPECT_EQ(device.key(), 2u);
  }
}

}  // namespace
}  // namespace stratus::mcu::enrol_test
