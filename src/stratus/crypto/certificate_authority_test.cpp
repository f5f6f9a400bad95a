#include "stratus/crypto/certificate_authority.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/certificate_testing.hpp"
#include "stratus/crypto/platform/openssl/handles.hpp"
#include "stratus/crypto/platform/openssl/x509_fields.hpp"

namespace stratus::crypto {
namespace {

using namespace std::chrono_literals;
using openssl::Handle;
using std::chrono::days;

// What a TLS peer that trusts only the root would say about the leaf: X509_V_OK or the reason.
int judge(const CertificateAuthority& ca, const std::string& leaf, int purpose, WallTime when,
          const std::string& list = {}) {
  const auto root = read_certificate(ca.root_pem()), intermediate = read_certificate(ca.intermediate_pem()),
             certificate = read_certificate(leaf);
  X509_STORE* const store = X509_STORE_new();
  X509_STORE_add_cert(store, root.get());
  X509_STORE_add_cert(store, intermediate.get());
  X509_STORE_CTX* const context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, certificate.get(), nullptr);
  X509_STORE_CTX_set_purpose(context, purpose);
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_time(
      parameters, std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count());
  Handle<X509_CRL> crl;
  if (!list.empty()) {
    const auto bio = openssl::read_from(list);
    crl.reset(PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr));
    X509_STORE_add_crl(store, crl.get());
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK);
  }
  X509_verify_cert(context);
  const int verdict = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return verdict;
}

struct CertificateAuthorityTest : ::testing::Test {
  testing::TemporaryDirectory directory;
  WallTime now = system_clock().wall();
  SigningKey device_key = *SigningKey::generate();

  Result<CertificateAuthority> open() { return open(now); }
  Result<CertificateAuthority> open(WallTime when) {
    return CertificateAuthority::open_or_make(directory / "ca", {.now = when});
  }
  Result<IssuedCertificate> issue(const CertificateAuthority& ca,
                                  CertificateKind kind = CertificateKind::device,
                                  std::vector<std::string> names = {}) {
    CertificateProfile profile;
    profile.kind = kind;
    profile.common_name = "cam-7";
    profile.names = std::move(names);
    profile.now = now;
    return ca.issue(device_key.public_key(), profile);
  }
};

// A certificate of nobody in particular, signed by `key` as if the owner of `issuer` were a CA.
std::string signed_by(const SigningKey& key, const std::string& issuer) {
  const Handle<X509> made(X509_new());
  auto* const native = static_cast<EVP_PKEY*>(key.native());
  X509_set_version(made.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_issuer_name(made.get(), X509_get_subject_name(read_certificate(issuer).get()));
  X509_set_pubkey(made.get(), native);
  EXPECT_GT(X509_sign(made.get(), native, EVP_sha256()), 0);
  return openssl::pem_of(made.get());
}

TEST_F(CertificateAuthorityTest, IsMadeOnceWithSecretKeys) {
  const auto ca = open();
  ASSERT_TRUE(ca) << ca.error().text();
  for (const char* const name : {"root.key", "intermediate.key"}) {
    struct stat status {};
    ASSERT_EQ(::stat((directory / "ca" / name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
  }
  const auto again = open(now + days(100));
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->root_pem(), ca->root_pem());
  EXPECT_EQ(again->intermediate_pem(), ca->intermediate_pem());
  EXPECT_TRUE(ca->root().self_signed);
}

TEST_F(CertificateAuthorityTest, IssuesWhatEachKindMayDo) {
  const auto ca = open();
  const auto device = issue(*ca), gateway = issue(*ca, CertificateKind::gateway, {"gw.site", "10.0.0.5"}),
             server = issue(*ca, CertificateKind::server, {"localhost"});
  ASSERT_TRUE(device) << device.error().text();
  EXPECT_EQ(judge(*ca, device->pem, X509_PURPOSE_SSL_CLIENT, now), X509_V_OK);
  EXPECT_EQ(judge(*ca, device->pem, X509_PURPOSE_SSL_SERVER, now), X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(judge(*ca, gateway->pem, X509_PURPOSE_SSL_CLIENT, now), X509_V_OK);
  EXPECT_EQ(judge(*ca, gateway->pem, X509_PURPOSE_SSL_SERVER, now), X509_V_OK);
  EXPECT_EQ(judge(*ca, server->pem, X509_PURPOSE_SSL_CLIENT, now), X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(X509_check_host(read_certificate(gateway->pem).get(), "gw.site", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ca(read_certificate(device->pem).get()), 0);
  EXPECT_EQ(device->info.common_name, "cam-7");
  EXPECT_EQ(device->info.kind, CertificateKind::device);
  EXPECT_EQ(gateway->info.kind, CertificateKind::gateway);
  EXPECT_EQ(device->info.key_id, device_key.public_key().id());
  EXPECT_EQ(device->info.serial.size(), 32u);
  EXPECT_NE(device->info.serial, gateway->info.serial);
  EXPECT_FALSE(issue(*ca, CertificateKind::device, {"www.example.org"}));
  EXPECT_FALSE(issue(*ca, CertificateKind::server));
  EXPECT_FALSE(issue(*ca, CertificateKind::other));
}

TEST_F(CertificateAuthorityTest, KnowsItsOwn) {
  const auto ca = open(), other = CertificateAuthority::open_or_make(directory / "other", {.now = now});
  const auto device = issue(*ca);
  EXPECT_TRUE(ca->issued(device->pem));
  EXPECT_FALSE(other->issued(device->pem));
  EXPECT_FALSE(ca->issued(ca->root_pem()));
  EXPECT_FALSE(ca->issued("nonsense"));
  EXPECT_TRUE(check_chain(device->pem, ca->intermediate_pem(), ca->root_pem()));
  EXPECT_FALSE(check_chain(device->pem, other->intermediate_pem(), other->root_pem()));
  EXPECT_FALSE(check_chain(device->pem, ca->intermediate_pem(), other->root_pem()));
  EXPECT_FALSE(check_chain(device->pem, "", ca->root_pem()));
  EXPECT_FALSE(check_chain("", ca->intermediate_pem(), ca->root_pem()));
  // A device's own key signs nothing that counts.
  const std::string forged = signed_by(device_key, device->pem);
  EXPECT_EQ(
      X509_verify(read_certificate(forged).get(), X509_get0_pubkey(read_certificate(device->pem).get())), 1);
  EXPECT_FALSE(check_chain(forged, device->pem + ca->intermediate_pem(), ca->root_pem()));
}

TEST_F(CertificateAuthorityTest, CertificatesEnd) {
  const auto ca = open();
  const auto device = issue(*ca);
  EXPECT_EQ(judge(*ca, device->pem, X509_PURPOSE_SSL_CLIENT, now + days(89)), X509_V_OK);
  EXPECT_EQ(judge(*ca, device->pem, X509_PURPOSE_SSL_CLIENT, now + days(91)), X509_V_ERR_CERT_HAS_EXPIRED);
  now = ca->intermediate().not_after - days(10);
  const auto late = issue(*ca);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->info.not_after, ca->intermediate().not_after);  // never longer than what vouches for it
  now = ca->intermediate().not_after + 1s;
  EXPECT_FALSE(issue(*ca));
}

TEST_F(CertificateAuthorityTest, WorksWithoutTheRootKeyAndKeepsWhatItSignedAcrossANewIntermediate) {
  const auto made = open();
  const auto old = issue(*made);
  std::filesystem::rename(directory / "ca" / "root.key", directory / "offline.key");
  const auto later = now + days(3 * 365);
  const auto without = open(later);
  ASSERT_TRUE(without) << without.error().text();
  EXPECT_FALSE(without->has_root_key());
  EXPECT_EQ(without->intermediate_pem(), made->intermediate_pem());
  std::filesystem::rename(directory / "offline.key", directory / "ca" / "root.key");
  const auto renewed = open(later);
  ASSERT_TRUE(renewed) << renewed.error().text();
  EXPECT_NE(renewed->intermediate_pem(), made->intermediate_pem());
  EXPECT_GT(renewed->intermediate().not_after, made->intermediate().not_after);
  EXPECT_EQ(judge(*renewed, old->pem, X509_PURPOSE_SSL_CLIENT, now + days(80)), X509_V_ERR_CERT_NOT_YET_VALID)
      << "the leaf is from before the new intermediate's time, so this only shows that the times are looked "
         "at";
  now = later;
  const auto fresh = issue(*renewed);
  EXPECT_EQ(judge(*renewed, fresh->pem, X509_PURPOSE_SSL_CLIENT, later), X509_V_OK);
}

TEST_F(CertificateAuthorityTest, SaysWhatIsMissing) {
  ASSERT_TRUE(open());
  std::filesystem::rename(directory / "ca" / "root.key", directory / "offline.key");
  std::filesystem::remove(directory / "ca" / "intermediate.pem");
  const auto broken = open();
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code(), ErrorCode::conflict);
  EXPECT_NE(broken.error().text().find("root.key"), std::string::npos);
  std::filesystem::rename(directory / "offline.key", directory / "ca" / "root.key");
  EXPECT_TRUE(open());
  ASSERT_TRUE(
      write_file_atomically(directory / "ca" / "intermediate.key", SigningKey::generate()->pem(), 0600));
  EXPECT_FALSE(open());
  std::filesystem::remove(directory / "ca" / "root.pem");
  EXPECT_FALSE(open());
}

TEST_F(CertificateAuthorityTest, RevocationListsNameTheRevoked) {
  const auto ca = open();
  const auto good = issue(*ca), bad = issue(*ca);
  const std::vector<RevokedCertificate> revoked{{bad->info.serial, now, RevocationReason::key_compromise},
                                                {"0ABC", now, RevocationReason::superseded}};
  const auto list = ca->make_revocation_list(revoked, 7, now - 1h, now + days(30));
  ASSERT_TRUE(list) << list.error().text();
  EXPECT_EQ(judge(*ca, good->pem, X509_PURPOSE_SSL_CLIENT, now, *list), X509_V_OK);
  EXPECT_EQ(judge(*ca, bad->pem, X509_PURPOSE_SSL_CLIENT, now, *list), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(judge(*ca, good->pem, X509_PURPOSE_SSL_CLIENT, now + days(31), *list),
            X509_V_ERR_CRL_HAS_EXPIRED);
  const auto read_back = read_revocation_list(*list, ca->intermediate_pem());
  ASSERT_TRUE(read_back);
  EXPECT_EQ(read_back->size(), 2u);
  EXPECT_TRUE(std::find(read_back->begin(), read_back->end(), bad->info.serial) != read_back->end());
  EXPECT_FALSE(read_revocation_list(*list, ca->root_pem()));
  EXPECT_FALSE(read_revocation_list("nonsense", ca->intermediate_pem()));
  EXPECT_FALSE(ca->make_revocation_list(std::vector<RevokedCertificate>{{"xyz", now}}, 1, now, now + 1h));
  const auto times = read_revocation_list_times(*list);
  ASSERT_TRUE(times);
  EXPECT_LT(times->this_update, now);
  EXPECT_GT(times->next_update, now + days(29));
}

TEST(RevocationListAge, AsksForANewListLongBeforeItEnds) {
  const WallTime from{}, until = from + days(40);
  const auto at = [&](days day) { return judge_revocation_list(from, until, from + day); };
  EXPECT_FALSE(at(days(9)).renew);
  EXPECT_TRUE(at(days(10)).renew);
  EXPECT_FALSE(at(days(19)).alarm);
  EXPECT_TRUE(at(days(20)).alarm);
  EXPECT_FALSE(at(days(39)).expired);
  EXPECT_TRUE(at(days(40)).expired);
  EXPECT_TRUE(at(days(-1)).renew);
}

TEST(SplitCertificates, TakesEachBlock) {
  const std::string block = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
  EXPECT_EQ(split_certificates("x" + block + "y" + block).size(), 2u);
  EXPECT_EQ(split_certificates(block)[0], block);
  EXPECT_TRUE(split_certificates("-----BEGIN CERTIFICATE-----\n").empty());
}

}  // namespace
}  // namespace stratus::crypto
