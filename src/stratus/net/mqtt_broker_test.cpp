// Against the real mosquitto (Debian's package); skipped where it is not installed.
#include "stratus/net/mqtt_broker.hpp"

#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/certificate.hpp"
#include "stratus/crypto/certificate_authority.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/mqtt_broker_config.hpp"

namespace stratus::net {
namespace {

namespace mqtt = wire::mqtt;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

struct Client : MqttEvents {
  Client(const Executor& executor, MqttOptions options)
      : changed(executor), session(executor, std::move(options), *this) {}
  void on_connected(bool) override { note("connected"); }
  void on_message(const mqtt::Message& message) override {
    note(std::string(message.topic) + "=" + std::string(as_text(message.payload)));
    session.acknowledge(message.token);
  }
  void on_subscribed(const std::string& filter, std::uint8_t) override { note("subscribed " + filter); }
  void on_published(std::uint64_t ticket, std::uint8_t reason) override {
    note("published " + std::to_string(ticket) + ": " + mqtt::describe_reason(reason));
  }
  void on_disconnected(const Error& why) override { note(std::string(mapping_of(why.code()).name)); }
  void note(std::string what) {
    seen.push_back(std::move(what));
    changed.notify_all();
  }
  Task<void> until(std::string what, std::ptrdiff_t times = 1) {
    while (std::count(seen.begin(), seen.end(), what) < times) {
      co_await changed.wait();
    }
  }
  Result<void> publish(const std::string& topic, const std::string& payload, std::uint64_t ticket = 0) {
    mqtt::PublishOptions how;
    how.ticket = ticket;
    return session.publish(topic, payload, how);
  }
  std::vector<std::string> seen;
  Notifier changed;
  MqttSession session;
};

class BrokerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    crypto::AuthorityOptions options;
    options.now = system_clock().wall();
    authority_ = crypto::CertificateAuthority::open_or_make(directory_.path() / "ca", options).value();
    const std::string chain = authority_->intermediate_pem() + authority_->root_pem();
    ASSERT_TRUE(write_file_atomically(directory_.path() / "ca.pem", chain));
    issue("broker", crypto::CertificateKind::server);
    BrokerConfig config;
    config.directory = directory_.path() / "mqtt";
    config.address = "127.0.0.1";
    config.port = 0;
    config.ca_file = directory_.path() / "ca.pem";
    config.certificate = file("broker", ".pem");
    config.key = file("broker", ".key");
    config.ask_every = Millis(200);
    config.answer_within = Millis(5'000);
    auto made = Broker::make(loop_.executor(), config);
    if (!made && made.error().code() == ErrorCode::not_found) GTEST_SKIP() << made.error().text();
    ASSERT_TRUE(made) << made.error().text();
    broker_ = std::move(*made);
  }
  std::filesystem::path file(const std::string& name, const char* ending) {
    return directory_.path() / (name + ending);
  }
  void issue(const std::string& name, crypto::CertificateKind kind) {
    const auto key = crypto::SigningKey::generate().value();
    crypto::CertificateProfile profile;
    profile.kind = kind;
    profile.common_name = name;
    if (kind != crypto::CertificateKind::device) profile.names = {"127.0.0.1", "localhost"};
    profile.now = system_clock().wall();
    const auto issued = authority_->issue(key.public_key(), profile);
    ASSERT_TRUE(issued) << issued.error().text();
    ASSERT_TRUE(write_file_atomically(file(name, ".pem"), issued->pem + authority_->intermediate_pem()));
    ASSERT_TRUE(write_file_atomically(file(name, ".key"), key.pem(), 0600));
  }
  std::unique_ptr<Client> device(const std::string& name, const std::string& client_id = {}) {
    if (!std::filesystem::exists(file(name, ".pem"))) issue(name, crypto::CertificateKind::device);
    MqttOptions options;
    options.endpoint = MqttEndpoint{MqttEndpoint::Kind::tls, "127.0.0.1", broker_->port()};
    options.ca_file = directory_.path() / "ca.pem";
    options.certificate = file(name, ".pem");
    options.key = file(name, ".key");
    options.session.client_id = client_id.empty() ? name : client_id;
    options.first_backoff = Millis(20);
    options.longest_backoff = Millis(100);
    return std::make_unique<Client>(loop_.executor(), options);
  }
  std::unique_ptr<Client> owner() {
    MqttOptions options;
    options.endpoint = broker_->bulk_endpoint();
    options.ca_file = directory_.path() / "ca.pem";
    options.session.client_id = "server";
    options.first_backoff = Millis(20);
    options.longest_backoff = Millis(100);
    return std::make_unique<Client>(loop_.executor(), options);
  }
  void run(std::vector<Client*> clients, Task<void> test) {
    const auto ended = loop_.run(finish(std::move(clients), std::move(test)));
    EXPECT_TRUE(ended) << ended.error().text();
  }
  Task<Result<void>> finish(std::vector<Client*> clients, Task<void> test) {
    TaskGroup tasks(loop_.executor());
    tasks.spawn(broker_->run());
    for (Client* const client : clients) tasks.spawn(client->session.run());
    co_await std::move(test);
    co_await broker_->stop();
    co_await tasks.stop();
    co_return Result<void>();
  }
  int broker_pid() {  // the child of ours whose program is mosquitto
    FILE* const found = ::popen(("pgrep -P " + std::to_string(::getpid()) + " mosquitto").c_str(), "r");
    int pid = 0;
    EXPECT_EQ(std::fscanf(found, "%d", &pid), 1);
    ::pclose(found);
    return pid;
  }

  testing::TemporaryDirectory directory_;
  Loop loop_;
  std::optional<crypto::CertificateAuthority> authority_;
  std::unique_ptr<Broker> broker_;
};

TEST_F(BrokerTest, ADeviceReachesItsOwnTopicsOnly) {
  auto server = owner();
  server->session.subscribe("v1/+/update/progress");
  auto victim = device("b");
  victim->session.subscribe("v1/b/update/request/+");
  auto attacker = device("a", "b");  // the client id of another
  attacker->session.subscribe("#");
  const auto test = [&]() -> Task<void> {
    co_await server->until("subscribed v1/+/update/progress");
    co_await victim->until("subscribed v1/b/update/request/+");
    co_await attacker->until("subscribed #");
    EXPECT_TRUE(attacker->publish("v1/b/update/progress", "forged", 1));
    EXPECT_TRUE(attacker->publish("v1/b/update/request/firmware", "forged", 2));
    EXPECT_TRUE(attacker->publish("v1/a/update/progress", "own", 3));
    co_await attacker->until("published 1: not authorised");
    co_await attacker->until("published 2: not authorised");
    co_await attacker->until("published 3: success");
    co_await server->until("v1/a/update/progress=own");
    EXPECT_TRUE(server->publish("v1/b/update/request/firmware", "yours", 4));
    co_await victim->until("v1/b/update/request/firmware=yours");
  };
  run({server.get(), victim.get(), attacker.get()}, test());
  EXPECT_THAT(attacker->seen, Not(Contains(HasSubstr("yours"))));
  EXPECT_THAT(server->seen, Not(Contains(HasSubstr("forged"))));
  EXPECT_THAT(victim->seen, ::testing::Contains("connected").Times(1)) << "its session was taken over";
}

TEST_F(BrokerTest, ARevokedDeviceLosesItsLiveSession) {
  auto one = device("a");
  auto other = device("b");
  const auto test = [&]() -> Task<void> {
    co_await one->until("connected");
    co_await other->until("connected");
    BrokerAccess access;
    access.denied = {"a"};
    EXPECT_TRUE(broker_->set_access(access));
    const std::string name = "a";
    const auto kicked = co_await broker_->kick(name);
    EXPECT_TRUE(kicked) << kicked.error().text();
    co_await one->until("unavailable");  // cut; then it comes back, for here it is on no revocation list
    EXPECT_TRUE(one->publish("v1/a/update/progress", "late", 1));
    co_await one->until("published 1: not authorised");
    EXPECT_TRUE(other->publish("v1/b/update/progress", "fine", 2));
    co_await other->until("published 2: no subscriber");
  };
  run({one.get(), other.get()}, test());
}

TEST_F(BrokerTest, IsStartedAgainWhenItDies) {
  auto server = owner();
  server->session.subscribe("v1/+/update/progress");
  auto one = device("a");
  const auto test = [&]() -> Task<void> {
    co_await one->until("connected");
    co_await server->until("subscribed v1/+/update/progress");
    ::kill(broker_pid(), SIGKILL);
    co_await one->until("connected", 2);
    co_await server->until("subscribed v1/+/update/progress", 2);
    EXPECT_THAT(broker_->last_problem(), HasSubstr("killed by SIGKILL"));
    EXPECT_TRUE(one->publish("v1/a/update/progress", "kept", 1));
    co_await server->until("v1/a/update/progress=kept");
  };
  run({server.get(), one.get()}, test());
  EXPECT_EQ(broker_->restarts(), 1u);
}

TEST_F(BrokerTest, IsStartedAgainWhenItStandsStill) {
  auto one = device("a");
  const auto test = [&]() -> Task<void> {
    co_await one->until("connected");
    const int pid = broker_pid();
    ::kill(pid, SIGSTOP);
    co_await one->until("connected", 2);
    EXPECT_NE(broker_pid(), pid);
    EXPECT_THAT(broker_->last_problem(), HasSubstr("killed by SIGKILL"));
  };
  run({one.get()}, test());
  EXPECT_EQ(broker_->restarts(), 1u);
}

TEST_F(BrokerTest, WithoutACertificateThereIsNoSession) {
  auto stranger = device("x");
  std::filesystem::remove(file("x", ".pem"));
  const auto self_signed = crypto::SigningKey::generate().value();
  crypto::CertificateOptions options;
  options.common_name = "b";
  options.names = {"b"};
  options.now = system_clock().wall();
  ASSERT_TRUE(write_file_atomically(file("x", ".pem"),
                                    crypto::make_self_signed_certificate(self_signed, options).value()));
  ASSERT_TRUE(write_file_atomically(file("x", ".key"), self_signed.pem(), 0600));
  const auto test = [&]() -> Task<void> { co_await stranger->until("denied"); };
  run({stranger.get()}, test());
  EXPECT_THAT(stranger->seen, Not(Contains("connected")));
}

TEST(BrokerConfig, LineBreaksCannotAddSettings) {
  BrokerConfig config;
  config.certificate = "/tmp/x\nallow_anonymous true";
  EXPECT_FALSE(broker_config_text(config));
}

TEST(BrokerConfig, AccessListsNameGatewaysAndThoseDenied) {
  BrokerAccess access;
  access.gateways = {"site", "gone"};
  access.denied = {"gone", "lost"};
  const std::string text = broker_access_text(access);
  EXPECT_THAT(text, HasSubstr("pattern write v1/%u/update/result\n"));
  EXPECT_THAT(text, HasSubstr("pattern read v1/%u/stored\n"));
  EXPECT_THAT(text, HasSubstr("\nuser site\ntopic write gw/site/v1/+/status/system\n"));
  EXPECT_THAT(text, HasSubstr("\nuser lost\ntopic deny #\n"));
  EXPECT_THAT(text, HasSubstr("\nuser gone\ntopic deny #\n"));
  EXPECT_THAT(text, Not(HasSubstr("gw/gone")));
}

}  // namespace
}  // namespace stratus::net
