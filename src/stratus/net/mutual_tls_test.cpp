#include <gtest/gtest.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/certificate_authority.hpp"
#include "stratus/net/http_client.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::net {
namespace {

using crypto::CertificateAuthority;
using crypto::CertificateInfo;
using crypto::CertificateKind;

class MutualTlsTest : public ::testing::Test {
 protected:
  CertificateAuthority make_ca(const std::string& name) {
    return CertificateAuthority::open_or_make(directory_ / name, {.now = now_}).value();
  }

  // A PEM file with key and chain; answers its path.
  std::filesystem::path make_identity(const CertificateAuthority& ca, const std::string& name,
                                      CertificateKind kind, WallTime issued) {
    const auto key = crypto::SigningKey::generate().value();
    crypto::CertificateProfile profile;
    profile.kind = kind;
    profile.common_name = name;
    if (kind == CertificateKind::server) profile.names = {"127.0.0.1"};
    profile.now = issued;
    const auto issued_one = ca.issue(key.public_key(), profile).value();
    const auto file = directory_ / (name + ".pem");
    EXPECT_TRUE(write_file_atomically(
        file, key.pem() + issued_one.pem + ca.intermediate_pem() + ca.root_pem(), 0600));
    return file;
  }

  void run(const std::function<Task<Result<void>>()>& test) {
    ServerOptions options;
    server_file_ = make_identity(ca_, "server", CertificateKind::server, now_);
    options.tls = tls();
    auto listening = HttpServer::listen(loop_.executor(), options,
                                        [this](Exchange& exchange) { return handle(exchange); });
    ASSERT_TRUE(listening) << listening.error().text();
    server_ = std::move(*listening);
    hanging_ = std::make_unique<Notifier>(loop_.executor());
    const auto ended = loop_.run(finish(test()));
    EXPECT_TRUE(ended) << ended.error().text();
  }
  Task<Result<void>> finish(Task<Result<void>> test) {
    auto result = co_await std::move(test);
    co_await server_->stop(std::chrono::seconds(1));
    co_return result;
  }
  ServerTls tls() {
    ServerTls out;
    out.certificate = out.key = server_file_;
    out.client_ca = ca_.root_pem() + ca_.intermediate_pem();
    out.admit = [this](const CertificateInfo& info) { return info.common_name != refused_; };
    return out;
  }

  Task<void> handle(Exchange& exchange) {
    const auto certificate = exchange.request().peer_certificate;
    ResponseHead head;
    if (exchange.request().path == "/hang") {
      (void)co_await exchange.begin(head, std::nullopt);
      hanging_->notify_all();
      for (;;) {
        const BytesView piece = as_bytes("x");
        auto written = co_await exchange.write(piece);
        if (!written) break;
        const Millis tick(5);
        co_await sleep_for(tick);
      }
      co_return;
    }
    const std::string body = certificate == nullptr ? "nobody"
                                                    : certificate->common_name + " " +
                                                          std::string(crypto::name_of(certificate->kind)) +
                                                          (certificate->not_after < now_ ? " expired" : "");
    (void)co_await exchange.respond(head, body);
  }

  // What the server says to somebody with this identity file ("" for none).
  Task<Result<std::string>> ask(std::filesystem::path identity, std::string path) {
    ClientOptions options;
    options.ca_file = server_file_;
    options.certificate = options.key = identity;
    const auto client = HttpClient::make(loop_.executor(), options);
    ClientRequest request;
    request.url = "https://127.0.0.1:" + std::to_string(server_->port()) + path;
    auto response = co_await client->send(std::move(request));
    if (!response) co_return forward_error(std::move(response));
    co_return response->body;
  }

  testing::TemporaryDirectory directory_;
  WallTime now_ = system_clock().wall();
  CertificateAuthority ca_ = make_ca("ca");
  std::filesystem::path server_file_;
  std::string refused_;
  Loop loop_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Notifier> hanging_;
};

TEST_F(MutualTlsTest, TellsWhoThePeerIs) {
  run([&]() -> Task<Result<void>> {
    const auto device = make_identity(ca_, "cam-7", CertificateKind::device, now_);
    const auto gateway = make_identity(ca_, "gw-1", CertificateKind::gateway, now_);
    auto said = co_await ask("", "/");
    EXPECT_EQ(said.value_or("error"), "nobody");
    said = co_await ask(device, "/");
    EXPECT_EQ(said.value_or("error"), "cam-7 device");
    said = co_await ask(gateway, "/");
    EXPECT_EQ(said.value_or("error"), "gw-1 gateway");
    co_return Result<void>();
  });
}

TEST_F(MutualTlsTest, SaysThatACertificateHasExpired) {
  run([&]() -> Task<Result<void>> {
    const auto old = make_identity(ca_, "cam-7", CertificateKind::device, now_ - std::chrono::days(200));
    auto said = co_await ask(old, "/");
    EXPECT_EQ(said.value_or("error"), "cam-7 device expired");
    co_return Result<void>();
  });
}

TEST_F(MutualTlsTest, EndsTheHandshakeOfStrangersAndOfServers) {
  run([&]() -> Task<Result<void>> {
    const auto foreign = make_identity(make_ca("other"), "stranger", CertificateKind::device, now_);
    auto said = co_await ask(foreign, "/");
    EXPECT_FALSE(said);
    const auto old_foreign = make_identity(make_ca("other"), "old-stranger", CertificateKind::device,
                                           now_ - std::chrono::days(200));
    said = co_await ask(old_foreign, "/");
    EXPECT_FALSE(said);
    const auto server = make_identity(ca_, "server-2", CertificateKind::server, now_);
    said = co_await ask(server, "/");
    EXPECT_FALSE(said);
    const auto old_server =
        make_identity(ca_, "server-3", CertificateKind::server, now_ - std::chrono::days(200));
    said = co_await ask(old_server, "/");
    EXPECT_FALSE(said);
    co_return Result<void>();
  });
}

TEST_F(MutualTlsTest, RefusesWhomTheOwnerDoesNotAdmit) {
  run([&]() -> Task<Result<void>> {
    const auto device = make_identity(ca_, "cam-7", CertificateKind::device, now_);
    refused_ = "cam-7";
    auto said = co_await ask(device, "/");
    EXPECT_FALSE(said);
    refused_.clear();
    said = co_await ask(device, "/");
    EXPECT_EQ(said.value_or("error"), "cam-7 device");
    co_return Result<void>();
  });
}

TEST_F(MutualTlsTest, CutsTheConnectionsOfOnePeerInTheMiddleOfAnAnswer) {
  run([&]() -> Task<Result<void>> {
    const auto device = make_identity(ca_, "cam-7", CertificateKind::device, now_);
    std::optional<Result<std::string>> said;
    TaskGroup group(loop_.executor());
    Notifier done(loop_.executor());
    const std::function<Task<void>()> hang = [&]() -> Task<void> {
      auto answer = co_await ask(device, "/hang");
      said = std::move(answer);
      done.notify_all();
    };
    group.spawn(hang());
    co_await hanging_->wait();
    EXPECT_EQ(server_->cut_peers([](const CertificateInfo& info) { return info.common_name == "cam-8"; }),
              0u);
    EXPECT_EQ(server_->cut_peers([](const CertificateInfo& info) { return info.common_name == "cam-7"; }),
              1u);
    if (!said) co_await done.wait();
    EXPECT_FALSE(*said);
    co_await group.stop();
    co_return Result<void>();
  });
}

TEST_F(MutualTlsTest, TakesANewServerCertificateWithoutARestart) {
  run([&]() -> Task<Result<void>> {
    const auto old_file = server_file_;
    const auto fresh_ca = make_ca("fresh");
    server_file_ = make_identity(fresh_ca, "server-new", CertificateKind::server, now_);
    auto said = co_await ask("", "/");
    EXPECT_FALSE(said);  // it still shows the old one
    EXPECT_TRUE(server_->replace_tls(tls()));
    said = co_await ask("", "/");
    EXPECT_EQ(said.value_or("error"), "nobody");
    ServerTls wrong = tls();
    wrong.certificate = "/nonexistent.pem";
    EXPECT_FALSE(server_->replace_tls(wrong));
    co_return Result<void>();
  });
}

}  // namespace
}  // namespace stratus::net
