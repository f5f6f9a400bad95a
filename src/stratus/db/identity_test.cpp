#include "stratus/db/identity.hpp"

#include <atomic>
#include <thread>

#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

class IdentityTest : public EngineTest {
 protected:
  Result<void> write(const Database::Work& work) { return database().write_now(work); }
  Result<void> add(const std::string& serial, const std::string& device, std::int64_t issued_ms,
                   std::int64_t not_after_ms = 1'000'000, const std::string& key = "") {
    Certificate certificate;
    certificate.serial = serial;
    certificate.device = device;
    certificate.kind = "device";
    certificate.fingerprint = "f" + serial;
    certificate.key_id = "k" + (key.empty() ? serial : key);
    certificate.public_key = {1, 2, 0, 255};
    certificate.not_after_ms = not_after_ms;
    certificate.issued_ms = issued_ms;
    return write([&](Transaction& transaction) { return add_certificate(transaction, certificate); });
  }
  Result<void> add_code_named(const std::string& id, const std::string& hash, std::int64_t expires_ms,
                              std::int64_t digits = 0) {
    RegistrationCode code;
    code.id = id;
    code.hash = hash;
    code.region = "seoul";
    code.group = "lobby";
    code.created_by = "user:alice";
    code.expires_ms = expires_ms;
    code.digits = digits;
    return write([&](Transaction& transaction) { return add_code(transaction, code); });
  }
  UsedCode use(const std::string& hash, const std::string& device, std::int64_t now_ms) {
    UsedCode out;
    const auto done = write([&](Transaction& transaction) -> Result<void> {
      STRATUS_TRY(used, use_code(transaction, hash, device, now_ms));
      out = std::move(used);
      return {};
    });
    EXPECT_TRUE(done) << done.error().text();
    return out;
  }
};
STRATUS_BOTH_ENGINES(IdentityTest);

TEST_P(IdentityTest, KeepsCertificates) {
  ASSERT_TRUE(add("01", "cam-7", 10));
  EXPECT_EQ(add("01", "cam-8", 10).error().code(), ErrorCode::conflict);
  const auto found = find_certificate(database(), "01");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->device, "cam-7");
  EXPECT_EQ((*found)->public_key, (Bytes{1, 2, 0, 255}));
  EXPECT_EQ((*found)->state, "active");
  EXPECT_FALSE(*find_certificate(database(), "02"));
}

TEST_P(IdentityTest, KeepsTheNewestFewActive) {
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(add("0" + std::to_string(i), "cam-7", i));
  ASSERT_TRUE(add("0A", "cam-8", 1));
  const auto all = certificates_of(database(), "cam-7", 10);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 5u);
  EXPECT_EQ((*all)[0].serial, "05");
  EXPECT_EQ((*all)[2].state, "active");
  EXPECT_EQ((*all)[3].state, "superseded");
  EXPECT_EQ((*all)[4].state, "superseded");
  EXPECT_EQ(ended_certificates(database(), 0, 0)->size(), 2u);
  EXPECT_EQ(ended_certificates(database(), 5, 0)->size(), 1u);
  EXPECT_EQ(ended_certificates(database(), 0, 2'000'000)->size(), 0u);
  EXPECT_EQ(enrolled_devices(database(), 0)->size(), 2u);
  EXPECT_EQ(enrolled_devices(database(), 1'000'000)->size(), 0u);
  EXPECT_EQ(*enrolled_since(database(), 5), std::vector<std::string>{"cam-7"});
}

TEST_P(IdentityTest, RenewalsWhoseAnswersWereLostLeaveTheOneInUse) {
  ASSERT_TRUE(add("01", "cam-7", 1));
  for (int i = 2; i <= 5; ++i) ASSERT_TRUE(add("0" + std::to_string(i), "cam-7", i, 1'000'000, "next")) << i;
  ASSERT_TRUE(add("0A", "cam-8", 9, 1'000'000, "next"));
  std::string states;
  for (const Certificate& one : *certificates_of(database(), "cam-7", 10)) states += one.state.front();
  EXPECT_EQ(states, "asssa") << "the newest and the first";
}

TEST_P(IdentityTest, RevokesADeviceWithAllItsCertificates) {
  ASSERT_TRUE(add("01", "cam-7", 1));
  ASSERT_TRUE(add("02", "cam-7", 2));
  ASSERT_TRUE(add("03", "cam-8", 2));
  const auto revoke = [&](std::int64_t when) {
    return write([&](Transaction& transaction) {
      return revoke_device(transaction, {"cam-7", when, "user:alice", "stolen"});
    });
  };
  ASSERT_TRUE(revoke(50));
  ASSERT_TRUE(revoke(60));
  const auto revoked = revoked_devices(database());
  ASSERT_EQ(revoked->size(), 1u);
  EXPECT_EQ((*revoked)[0].revoked_ms, 50);
  EXPECT_TRUE(*is_revoked(database(), "cam-7"));
  EXPECT_FALSE(*is_revoked(database(), "cam-8"));
  EXPECT_EQ(ended_certificates(database(), 50, 0)->size(), 2u);
  EXPECT_EQ(*enrolled_devices(database(), 0), std::vector<std::string>{"cam-8"});
  ASSERT_TRUE(write([&](Transaction& transaction) { return readmit_device(transaction, "cam-7"); }));
  EXPECT_FALSE(*is_revoked(database(), "cam-7"));
  EXPECT_EQ(certificates_of(database(), "cam-7", 9)->front().state, "revoked");
}

TEST_P(IdentityTest, CodesWorkOnceAndInTime) {
  ASSERT_TRUE(add_code_named("A", "h1", 100));
  EXPECT_EQ(add_code_named("B", "h1", 100).error().code(), ErrorCode::conflict);
  EXPECT_EQ(use("other", "cam-7", 50).verdict, CodeVerdict::none);
  EXPECT_EQ(use("h1", "cam-7", 100).verdict, CodeVerdict::expired);
  const auto used = use("h1", "cam-7", 99);
  EXPECT_EQ(used.verdict, CodeVerdict::good);
  EXPECT_EQ(used.code.region, "seoul");
  EXPECT_EQ(used.code.group, "lobby");
  EXPECT_EQ(used.code.used_by, "cam-7");
  EXPECT_EQ(use("h1", "cam-8", 99).verdict, CodeVerdict::used);
}

TEST_P(IdentityTest, AUsedCodeTellsWhatItWasAnsweredWith) {
  ASSERT_TRUE(add_code_named("A", "h1", 100));
  ASSERT_TRUE(add_code_named("B", "h2", 100));
  EXPECT_EQ(use("h1", "cam-7", 99).code.certificate, "");
  ASSERT_TRUE(write([](Transaction& transaction) { return keep_answer(transaction, "A", "PEM"); }));
  const auto again = use("h1", "cam-8", 200);
  EXPECT_EQ(again.verdict, CodeVerdict::used);
  EXPECT_EQ(again.code.used_by, "cam-7");
  EXPECT_EQ(again.code.certificate, "PEM");
  for (const RegistrationCode& listed : *codes(database(), false, 0, 10))
    EXPECT_EQ(listed.certificate, "") << "a list loads none";
  EXPECT_EQ(use("h2", "cam-8", 99).code.certificate, "");
}

TEST_P(IdentityTest, OneOfManyGetsTheCode) {
  ASSERT_TRUE(add_code_named("A", "h1", 100));
  std::atomic<int> good = 0, used = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const auto verdict = use("h1", "cam-" + std::to_string(t * 25 + i), 50).verdict;
        if (verdict == CodeVerdict::good) ++good;
        if (verdict == CodeVerdict::used) ++used;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 1);
  EXPECT_EQ(used, 199);
}

TEST_P(IdentityTest, CountsTheOpenCodesOfALengthAndThoseOfNone) {
  ASSERT_TRUE(add_code_named("A", "hA", 100, 6));
  ASSERT_TRUE(add_code_named("B", "hB", 100, 8));
  ASSERT_TRUE(add_code_named("C", "hC", 100, 8));
  ASSERT_TRUE(add_code_named("D", "hD", 100));
  EXPECT_EQ(*count_open_codes(database(), 50, 6), 2);
  EXPECT_EQ(*count_open_codes(database(), 50, 7), 1);
  EXPECT_EQ(*count_open_codes(database(), 50, 8), 3);
  EXPECT_EQ(*count_open_codes(database(), 150, 8), 0);
}

TEST_P(IdentityTest, ListsWithdrawsAndForgetsCodes) {
  ASSERT_TRUE(add_code_named("A", "h1", 100));
  ASSERT_TRUE(add_code_named("B", "h2", 200));
  ASSERT_TRUE(add_code_named("C", "h3", 300));
  (void)use("h3", "cam-7", 10);
  EXPECT_EQ(*count_open_codes(database(), 50, 6), 2);
  EXPECT_EQ(*count_open_codes(database(), 150, 6), 1);
  EXPECT_EQ(codes(database(), true, 50, 10)->size(), 2u);
  EXPECT_EQ(codes(database(), false, 50, 10)->size(), 3u);
  const auto withdraw = [&](const std::string& id) {
    return write([&](Transaction& transaction) { return withdraw_code(transaction, id, 60); });
  };
  EXPECT_TRUE(withdraw("B"));
  EXPECT_EQ(withdraw("B").error().code(), ErrorCode::not_found);
  EXPECT_EQ(withdraw("C").error().code(), ErrorCode::not_found);
  EXPECT_EQ(use("h2", "cam-8", 61).verdict, CodeVerdict::expired);
  ASSERT_TRUE(write([&](Transaction& transaction) { return forget_codes(transaction, 150); }));
  EXPECT_EQ(codes(database(), false, 0, 10)->size(), 1u);
}

}  // namespace
}  // namespace stratus::db
