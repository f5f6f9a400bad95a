#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/certificate_authority.hpp"
#include "stratus/net/http_client.hpp"
#include "stratus/net/http_connection.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::net {
namespace {

using crypto::CertificateAuthority;
using crypto::CertificateInfo;
using crypto::CertificateKind;

template <class Write>
std::string pem_by(const Write& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), &BIO_free);
  EXPECT_EQ(write(text.get()), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// An RSA key and a certificate that it signed itself, in PEM.
std::string rsa_identity() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), &X509_free);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  EXPECT_EQ(X509_set_pubkey(made.get(), key.get()), 1);
  EXPECT_GT(X509_sign(made.get(), key.get(), EVP_sha256()), 0);
  return pem_by([&](BIO* to) {
           return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
         }) +
         pem_by([&](BIO* to) { return PEM_write_bio_X509(to, made.get()); });
}

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

  // The same by a connection that shares its context with others.
  Task<Result<std::string>> ask_by(HttpConnection::Options options, std::string host, std::uint16_t port) {
    options.origin = {true, host, port};
    auto connection = co_await HttpConnection::open(std::move(options));
    if (!connection) co_return forward_error(std::move(connection));
    HttpConnection::Request request;
    request.target = "/";
    auto head = co_await (*connection)->exchange(std::move(request));
    if (!head) co_return forward_error(std::move(head));
    constexpr std::size_t limit = 4096;
    co_return co_await (*connection)->read_all(limit);
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

TEST_F(MutualTlsTest, AVerdictAboutAServerIsRememberedForItsCertificatesAndName) {
  run([&]() -> Task<Result<void>> {
    HttpConnection::Options options;
    options.context = TlsClientContext::make(server_file_, ServerJudgement::remembered).value();
    const std::uint16_t port = server_->port();
    for (int i = 0; i < 2; ++i) {
      auto said = co_await ask_by(options, "127.0.0.1", port);
      EXPECT_EQ(said.value_or("error"), "nobody");
    }
    auto said = co_await ask_by(options, "localhost", port);  // a name that the certificate does not carry
    EXPECT_FALSE(said);
    // Another server, whom nobody vouches for, at the same name.
    ServerOptions strange;
    const auto file = make_identity(make_ca("other"), "other-server", CertificateKind::server, now_);
    strange.tls = ServerTls{file, file};
    auto other = HttpServer::listen(loop_.executor(), strange,
                                    [this](Exchange& exchange) { return handle(exchange); });
    for (int i = 0; i < 2; ++i) {
      said = co_await ask_by(options, "127.0.0.1", (*other)->port());
      EXPECT_FALSE(said);
    }
    co_await (*other)->stop(std::chrono::seconds(1));
    co_return Result<void>();
  });
}

TEST_F(MutualTlsTest, IdentitiesThatShareWhatIsAboveThemAreThemselves) {
  run([&]() -> Task<Result<void>> {
    HttpConnection::Options options;
    options.context = TlsClientContext::make(server_file_).value();
    std::shared_ptr<const TlsIdentity> sibling;
    for (const char* const name : {"cam-7", "cam-8"}) {
      const auto file = make_identity(ca_, name, CertificateKind::device, now_);
      const auto pem = read_file(file, 100'000).value();
      const auto key = crypto::SigningKey::from_pem(pem).value();
      options.identity = TlsIdentity::make(pem, key, sibling.get()).value();
      sibling = options.identity;
      auto said = co_await ask_by(options, "127.0.0.1", server_->port());
      EXPECT_EQ(said.value_or("error"), std::string(name) + " device");
      const auto strange = TlsIdentity::make(pem, crypto::SigningKey::generate().value(), sibling.get());
      EXPECT_EQ(strange.error().code(), ErrorCode::invalid);
    }
    co_return Result<void>();
  });
}

TEST_F(MutualTlsTest, AnOperatorsIdentityMayHaveAKeyOfAnotherKind) {
  const auto file = directory_ / "rsa.pem", other = directory_ / "other.pem", none = directory_ / "none.pem";
  ASSERT_TRUE(write_file_atomically(file, rsa_identity(), 0600));
  ASSERT_TRUE(write_file_atomically(other, rsa_identity(), 0600));
  ASSERT_TRUE(write_file_atomically(none, "nothing", 0600));
  const auto identity = TlsIdentity::load(file, file);
  ASSERT_TRUE(identity) << identity.error().text();
  const auto roots = make_identity(ca_, "roots", CertificateKind::server, now_);
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const FileDescriptor peer(ends[1]);
  const auto context = TlsClientContext::make(roots).value();
  EXPECT_NE(context->connect(FileDescriptor(ends[0]), "127.0.0.1", identity->get()), nullptr);
  EXPECT_EQ(TlsIdentity::load(file, other).error().code(), ErrorCode::invalid) << "of another certificate";
  EXPECT_EQ(TlsIdentity::load(file, none).error().code(), ErrorCode::invalid);
  EXPECT_EQ(TlsIdentity::load(none, file).error().code(), ErrorCode::invalid);
}

TEST_F(MutualTlsTest, WhatIsAboveACertificateIsSentToWhoDoesNotHaveIt) {
  run([&]() -> Task<Result<void>> {
    ServerOptions knows_root_only;
    knows_root_only.tls = tls();
    knows_root_only.tls->client_ca = ca_.root_pem();
    auto other = HttpServer::listen(loop_.executor(), knows_root_only,
                                    [this](Exchange& exchange) { return handle(exchange); });
    HttpConnection::Options options;
    options.context = TlsClientContext::make(server_file_).value();
    const auto file = make_identity(ca_, "cam-7", CertificateKind::device, now_);
    options.identity = TlsIdentity::load(file, file).value();
    for (const std::uint16_t port : {server_->port(), (*other)->port()}) {
      auto said = co_await ask_by(options, "127.0.0.1", port);
      EXPECT_EQ(said.value_or("error"), "cam-7 device");
    }
    co_await (*other)->stop(std::chrono::seconds(1));
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
