#include "stratus/server/identity.hpp"

#include <map>
#include <set>

#include "stratus/base/result.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/crypto/signing_request.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::server {
namespace {

class ServerIdentityTest : public db::EngineTest {
 protected:
  using Test = std::function<net::Task<void>(Identity&)>;

  void run(const Test& test, const IdentityConfig& config = {}) {
    auto parts = Identity::open(directory_ / "ca", system_clock().wall());
    ASSERT_TRUE(parts) << parts.error().text();
    net::WorkerPool pool("test", 2);
    Identity identity(loop_.executor(), std::move(*parts), config, database(), pool);
    ASSERT_TRUE(identity.load());
    const std::function<net::Task<Result<void>>()> body = [&]() -> net::Task<Result<void>> {
      co_await test(identity);
      co_return Result<void>();
    };
    EXPECT_TRUE(loop_.run(body()));
  }
  static net::Task<std::string> code_for(Identity& identity, std::string device) {
    CodeWish wish;
    wish.device = std::move(device);
    wish.by = "user:test";
    auto codes = co_await identity.make_codes(wish);
    co_return codes ? codes->front().code : codes.error().text();
  }
  std::string request_of(const crypto::SigningKey& key, const std::string& name) const {
    return crypto::make_signing_request(key, name).value();
  }

  testing::TemporaryDirectory directory_;
  net::Loop loop_;
  crypto::SigningKey key_ = crypto::SigningKey::generate().value();
};
STRATUS_BOTH_ENGINES(ServerIdentityTest);

TEST_P(ServerIdentityTest, WishesAtOnceDoNotGetTheSameRoom) {
  run([&](Identity& identity) -> net::Task<void> {
    std::map<std::size_t, int> of_length;
    net::TaskGroup group(loop_.executor());
    const std::function<net::Task<void>()> wish = [&]() -> net::Task<void> {
      const std::string code = co_await code_for(identity, "");
      ++of_length[code.size()];
    };
    for (int i = 0; i < 20; ++i) group.spawn(wish());
    co_await group.join();
    EXPECT_EQ(of_length, (std::map<std::size_t, int>{{6, 10}, {7, 10}}));
  });
}

TEST_P(ServerIdentityTest, OneOfManyUsesOfACodeSucceeds) {
  run([&](Identity& identity) -> net::Task<void> {
    const std::string code = co_await code_for(identity, "");
    int good = 0, refused = 0, throttled = 0;
    net::TaskGroup group(loop_.executor());
    const std::function<net::Task<void>(int)> use = [&](int i) -> net::Task<void> {
      const wire::EnrolRequest request{code, request_of(key_, ""), "cam-" + std::to_string(i)};
      auto answer = co_await identity.enrol(request, "10.0.0.1:1");
      if (answer)
        ++good;
      else if (answer.error().reason() == "code_refused")
        ++refused;
      else if (answer.error().reason() == "throttled")
        ++throttled;
    };
    for (int i = 0; i < 200; ++i) group.spawn(use(i));
    co_await group.join();
    EXPECT_EQ(good, 1);
    EXPECT_EQ(good + refused + throttled, 200);
  });
}

TEST_P(ServerIdentityTest, AnswersAgainToTheSameKeyAlone) {
  run([&](Identity& identity) -> net::Task<void> {
    const crypto::SigningKey other = crypto::SigningKey::generate().value();
    const std::string code = co_await code_for(identity, "");
    const std::function<net::Task<Result<wire::EnrolAnswer>>(std::string, std::string, std::string)> ask =
        [&](std::string with, std::string csr, std::string device) -> net::Task<Result<wire::EnrolAnswer>> {
      wire::EnrolRequest request{std::move(with), std::move(csr), std::move(device)};
      co_return co_await identity.enrol(std::move(request), "10.0.0.1:1");
    };
    int issued = 0;
    identity.on_issued([&](const wire::EnrolAnswer&, bool) { ++issued; });
    auto first = co_await ask(code, request_of(key_, "cam-7"), "");
    EXPECT_TRUE(first);
    auto renewed = co_await identity.renew("cam-7", request_of(other, ""));
    EXPECT_TRUE(renewed);
    auto again = co_await ask(code, request_of(key_, ""), "");
    EXPECT_TRUE(again);
    if (first && again) {
      EXPECT_EQ(wire::encode_enrol_answer(*again), wire::encode_enrol_answer(*first));
    }
    EXPECT_EQ(issued, 2) << "the one that was enrolled and the one that was renewed";
    // Another key, be it the device's own, or another name: the code is used.
    const std::vector<wire::EnrolRequest> strangers{{code, request_of(other, "cam-7"), ""},
                                                    {code, request_of(key_, "cam-8"), ""},
                                                    {code, request_of(key_, ""), "cam-8"}};
    for (const wire::EnrolRequest& stranger : strangers) {
      auto refused = co_await ask(stranger.code, stranger.csr, stranger.device);
      EXPECT_EQ(refused ? "" : refused.error().reason(), "code_refused") << stranger.device;
    }
    // Once the device was enrolled anew, or shut out, that certificate is nobody's.
    const std::string fresh = co_await code_for(identity, "cam-7");
    auto anew = co_await ask(fresh, request_of(other, ""), "");
    EXPECT_TRUE(anew);
    auto late = co_await ask(code, request_of(key_, "cam-7"), "");
    EXPECT_EQ(late ? "" : late.error().reason(), "code_refused");
    auto revoked = co_await identity.revoke("cam-7", "user:test", "stolen");
    EXPECT_TRUE(revoked);
    late = co_await ask(fresh, request_of(other, ""), "");
    EXPECT_EQ(late ? "" : late.error().reason(), "code_refused");
  });
}

TEST_P(ServerIdentityTest, OfManyKeysOneGetsTheCodeHoweverOftenAllAsk) {
  run([&](Identity& identity) -> net::Task<void> {
    const std::string code = co_await code_for(identity, "");
    std::vector<crypto::SigningKey> keys;
    for (int i = 0; i < 5; ++i) keys.push_back(crypto::SigningKey::generate().value());
    std::set<std::string> certificates;
    int good = 0, refused = 0;
    net::TaskGroup group(loop_.executor());
    const std::function<net::Task<void>(std::size_t)> use = [&](std::size_t i) -> net::Task<void> {
      const wire::EnrolRequest request{code, request_of(keys[i % keys.size()], ""), ""};
      const std::string origin = "10.0.0." + std::to_string(i) + ":1";
      auto answer = co_await identity.enrol(request, origin);
      if (answer) certificates.insert(answer->certificate);
      answer ? ++good : ++refused;
    };
    for (std::size_t i = 0; i < 25; ++i) group.spawn(use(i));
    co_await group.join();
    EXPECT_EQ(certificates.size(), 1u);
    EXPECT_EQ(good, 5);
    EXPECT_EQ(refused, 20);
  });
}

TEST_P(ServerIdentityTest, EnrolsRenewsAndShutsOut) {
  run([&](Identity& identity) -> net::Task<void> {
    std::vector<std::string> cut;
    identity.on_revoked([&](const std::string& device) { cut.push_back(device); });
    const std::string code = co_await code_for(identity, "");
    const wire::EnrolRequest request{code, request_of(key_, "cam-7"), ""};
    auto enrolled = co_await identity.enrol(request, "10.0.0.1:1");
    if (!enrolled) {
      ADD_FAILURE() << enrolled.error().text();
      co_return;
    }
    EXPECT_EQ(enrolled->device, "cam-7");
    EXPECT_TRUE(identity.is_enrolled("cam-7"));
    const auto first = crypto::parse_certificate(enrolled->certificate);
    EXPECT_TRUE(identity.admits(*first));
    auto renewed = co_await identity.renew("cam-7", request_of(key_, ""));
    EXPECT_TRUE(renewed);
    auto foreign = co_await identity.renew("cam-7", request_of(key_, "cam-8"));
    EXPECT_EQ(foreign.error().reason(), "other_device");
    auto revoked = co_await identity.revoke("cam-7", "user:test", "stolen");
    EXPECT_TRUE(revoked);
    EXPECT_EQ(cut, std::vector<std::string>{"cam-7"});
    EXPECT_FALSE(identity.admits(*first));
    const auto listed = crypto::read_revocation_list(identity.revocation_list(), enrolled->chain);
    EXPECT_TRUE(listed && listed->size() == 2);
    renewed = co_await identity.renew("cam-7", request_of(key_, ""));
    EXPECT_EQ(renewed.error().reason(), "device_revoked");
    const std::string again = co_await code_for(identity, "cam-7");
    const wire::EnrolRequest back{again, request_of(key_, ""), ""};
    enrolled = co_await identity.enrol(back, "10.0.0.1:1");
    EXPECT_TRUE(enrolled);
    EXPECT_FALSE(identity.is_revoked("cam-7"));
    EXPECT_FALSE(identity.admits(*first));
  });
}

TEST_P(ServerIdentityTest, TakesMessagesThatTheDeviceSigned) {
  run([&](Identity& identity) -> net::Task<void> {
    const std::string code = co_await code_for(identity, "");
    const wire::EnrolRequest request{code, request_of(key_, "cam-7"), ""};
    auto enrolled = co_await identity.enrol(request, "10.0.0.1:1");
    EXPECT_TRUE(enrolled);
    const std::string good = crypto::sign_message(key_, {"cam-7", "report", 5}, "{}").value();
    const std::string other =
        crypto::sign_message(crypto::SigningKey::generate().value(), {"cam-7", "report", 5}, "{}").value();
    struct Case {
      const char* device;
      std::uint64_t counter;
      const char* body;
      std::string signature;
      bool own_session;
      const char* reason;
    };
    const std::vector<Case> cases{
        {"cam-7", 5, "{}", good, false, ""},
        {"cam-7", 5, "{}", "", true, ""},
        {"cam-9", 5, "{}", "", false, ""},  // not enrolled
        {"cam-7", 5, "{}", "", false, "signature_required"},
        {"cam-7", 6, "{}", good, false, "signature_wrong"},
        {"cam-7", 5, "{ }", good, false, "signature_wrong"},
        {"cam-7", 5, "{}", other, false, "signature_wrong"},
        {"cam-7", 5, "{}", other, true, "signature_wrong"},
        {"cam-7", 5, "{}", "v1;nonsense", false, "signature_wrong"},
    };
    for (const Case& one : cases) {
      auto verdict = co_await identity.check_message(one.device, "report", one.counter, one.body,
                                                     one.signature, one.own_session);
      EXPECT_EQ(verdict ? "" : verdict.error().reason(), one.reason) << one.device << " " << one.signature;
    }
  });
}

TEST_P(ServerIdentityTest, OnlyAKeyThatIsStillGoodRenews) {
  run([&](Identity& identity) -> net::Task<void> {
    const crypto::SigningKey fresh = crypto::SigningKey::generate().value();
    const std::function<net::Task<std::string>(const crypto::SigningKey&, std::string)> verdict =
        [&](const crypto::SigningKey& key, std::string kind) -> net::Task<std::string> {
      std::string signature = crypto::sign_message(key, {"cam-7", kind, 5}, "{}").value();
      auto checked = co_await identity.check_message("cam-7", kind, 5, "{}", std::move(signature), false);
      co_return checked ? "" : checked.error().reason();
    };
    const std::vector<const crypto::SigningKey*> keys{&key_, &fresh};
    for (const crypto::SigningKey* const key : keys) {
      const std::string code = co_await code_for(identity, "cam-7");
      const wire::EnrolRequest request{code, request_of(*key, ""), ""};
      auto enrolled = co_await identity.enrol(request, "10.0.0.1:1");
      EXPECT_TRUE(enrolled);
      const std::string renews = co_await verdict(*key, "renew");
      EXPECT_EQ(renews, "");
    }
    const std::string replaced = co_await verdict(key_, "renew");
    EXPECT_EQ(replaced, "signature_wrong") << "the device was enrolled anew";
    const std::string late = co_await verdict(key_, "report");
    EXPECT_EQ(late, "") << "what it signed before may come late";
    const auto age = [&](std::chrono::seconds past_grace) {
      const WallTime end = system_clock().wall() - identity.config().grace - past_grace;
      EXPECT_TRUE(database().write_now([&](db::Transaction& transaction) -> Result<void> {
        STRATUS_CHECK(
            transaction.run("UPDATE certificates SET not_after_ms = $1 WHERE key_id = $2",
                            {std::int64_t(end.time_since_epoch().count()), fresh.public_key().id()}));
        return {};
      }));
    };
    age(std::chrono::seconds(-3600));
    const std::string expired = co_await verdict(fresh, "renew");
    EXPECT_EQ(expired, "");
    age(std::chrono::seconds(1));
    const std::string ended = co_await verdict(fresh, "renew");
    EXPECT_EQ(ended, "signature_wrong") << "its grace is over";
  });
}

TEST_P(ServerIdentityTest, SeesWhatAnotherServerDid) {
  run([&](Identity& first) -> net::Task<void> {
    auto parts = Identity::open(directory_ / "ca", system_clock().wall());
    net::WorkerPool pool("second", 1);
    Identity second(loop_.executor(), std::move(*parts), {}, database(), pool);
    EXPECT_TRUE(second.load());
    second.start();
    net::Notifier seen(loop_.executor());
    second.on_revoked([&](const std::string&) { seen.notify_all(); });
    const std::string code = co_await code_for(first, "");
    const wire::EnrolRequest request{code, request_of(key_, "cam-7"), ""};
    auto enrolled = co_await first.enrol(request, "10.0.0.1:1");
    EXPECT_TRUE(enrolled);
    auto revoked = co_await first.revoke("cam-7", "user:test", "");
    EXPECT_TRUE(revoked);
    if (!second.is_revoked("cam-7")) co_await seen.wait();
    EXPECT_TRUE(second.is_revoked("cam-7"));
    co_await second.stop();
  });
}

}  // namespace
}  // namespace stratus::server
