#include "stratus/net/identity_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/certificate_authority.hpp"

namespace stratus::net {
namespace {

struct IdentityFilesTest : ::testing::Test {
  testing::TemporaryDirectory directory;
  WallTime now = system_clock().wall();
  IdentityFiles files{directory / "identity"};
  crypto::CertificateAuthority authority =
      crypto::CertificateAuthority::open_or_make(directory / "ca", {.now = now}).value();

  wire::EnrolAnswer answer_for(const crypto::PublicKey& key, const std::string& name) {
    return answer_of(authority, key, name);
  }
  wire::EnrolAnswer answer_of(const crypto::CertificateAuthority& by, const crypto::PublicKey& key,
                              const std::string& name) {
    crypto::CertificateProfile profile;
    profile.common_name = name;
    profile.now = now;
    const auto issued = by.issue(key, profile).value();
    wire::EnrolAnswer answer;
    answer.device = name;
    answer.kind = "device";
    answer.certificate = issued.pem;
    answer.chain = by.intermediate_pem();
    answer.root = by.root_pem();
    answer.not_after_ms = issued.info.not_after.time_since_epoch().count();
    answer.renew_after_ms = answer.not_after_ms - 1000;
    return answer;
  }
};

TEST_F(IdentityFilesTest, HoldNothingBeforeTheEnrolment) {
  const auto own = files.load();
  ASSERT_TRUE(own);
  EXPECT_FALSE(*own);
}

TEST_F(IdentityFilesTest, KeepOneKeyUntilItsCertificateCame) {
  const auto first = files.next_key(), again = files.next_key();
  EXPECT_EQ(first->public_key().id(), again->public_key().id());
  ASSERT_TRUE(files.accept(answer_for(first->public_key(), "cam-7"), "https://s", ""));
  EXPECT_NE(files.next_key()->public_key().id(), first->public_key().id());
}

TEST_F(IdentityFilesTest, AreReadBackAsTheyWereTaken) {
  const auto answer = answer_for(files.next_key()->public_key(), "cam-7");
  const auto taken = files.accept(answer, "https://s", "PINNED\n");
  ASSERT_TRUE(taken) << taken.error().text();
  const auto own = files.load();
  ASSERT_TRUE(own && *own);
  EXPECT_EQ((*own)->device, "cam-7");
  EXPECT_EQ((*own)->server, "https://s");
  EXPECT_EQ((*own)->renew_after.time_since_epoch().count(), answer.renew_after_ms);
  struct stat status {};
  ASSERT_EQ(::stat((*own)->file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_NE(read_file((*own)->trust, 100'000)->find("PINNED"), std::string::npos);
  ASSERT_TRUE(write_file_atomically(directory / "more.pem", "MORE\n", 0644));
  const auto both = files.trust_with(directory / "more.pem");
  EXPECT_NE(read_file(*both, 100'000)->find("MORE"), std::string::npos);
  std::filesystem::remove(files.directory() / "identity.json");
  const auto without_note = files.load();
  ASSERT_TRUE(without_note && *without_note);
  EXPECT_GT((*without_note)->renew_after, now + std::chrono::days(50));
}

TEST_F(IdentityFilesTest, RefuseACertificateThatIsNotTheirs) {
  const auto key = files.next_key()->public_key();
  const auto strangers = crypto::SigningKey::generate()->public_key();
  EXPECT_EQ(files.accept(answer_for(strangers, "cam-7"), "s", "").error().code(), ErrorCode::corrupt);
  auto renamed = answer_for(key, "cam-7");
  renamed.device = "cam-8";
  EXPECT_EQ(files.accept(renamed, "s", "").error().code(), ErrorCode::corrupt);
  const auto other = crypto::CertificateAuthority::open_or_make(directory / "other", {.now = now});
  auto unsigned_one = answer_for(key, "cam-7");
  unsigned_one.chain = other->intermediate_pem();
  EXPECT_EQ(files.accept(unsigned_one, "s", "").error().code(), ErrorCode::corrupt);
  EXPECT_FALSE(*files.load());
}

TEST_F(IdentityFilesTest, RenewUnderARootThatIsTrusted) {
  const auto other = crypto::CertificateAuthority::open_or_make(directory / "other", {.now = now}).value();
  const auto first = files.accept(answer_for(files.next_key()->public_key(), "cam-7"), "https://s",
                                  other.root_pem());  // pinned by whoever enrolled it
  ASSERT_TRUE(first) << first.error().text();
  const auto renewed =
      files.accept_renewal(answer_for(files.next_key()->public_key(), "cam-7"), *first).value();
  EXPECT_NE(renewed.certificate, first->certificate);
  EXPECT_EQ(renewed.server, "https://s");
  EXPECT_EQ(*read_file(renewed.trust, 100'000), authority.root_pem() + other.root_pem());
  // The other one is trusted as well: it comes first from then on, and both stay.
  const auto moved = files.accept_renewal(answer_of(other, files.next_key()->public_key(), "cam-7"), renewed);
  ASSERT_TRUE(moved) << moved.error().text();
  EXPECT_EQ(*read_file(moved->trust, 100'000), other.root_pem() + authority.root_pem());
}

TEST_F(IdentityFilesTest, RenewUnderANewCertificateOfTheSameRootKey) {
  const auto first = files.accept(answer_for(files.next_key()->public_key(), "cam-7"), "s", "").value();
  // The root's certificate made anew with its key, as before it ends.
  std::filesystem::create_directory(directory / "again");
  for (const char* const name : {"root.key", "intermediate.key"})
    std::filesystem::copy_file(directory / "ca" / name, directory / "again" / name);
  const auto again = crypto::CertificateAuthority::open_or_make(directory / "again", {.now = now}).value();
  ASSERT_NE(again.root_pem(), authority.root_pem());
  const auto renewed = files.accept_renewal(answer_of(again, files.next_key()->public_key(), "cam-7"), first);
  ASSERT_TRUE(renewed) << renewed.error().text();
  EXPECT_EQ(*read_file(renewed->trust, 100'000), again.root_pem() + authority.root_pem());
}

TEST_F(IdentityFilesTest, RefuseARenewalUnderARootThatNothingVouchesFor) {
  const auto first = files.accept(answer_for(files.next_key()->public_key(), "cam-7"), "s", "").value();
  const auto key = files.next_key()->public_key();
  const auto stranger = crypto::CertificateAuthority::open_or_make(directory / "other", {.now = now}).value();
  auto answer = answer_of(stranger, key, "cam-7");
  EXPECT_EQ(files.accept_renewal(answer, first).error().code(), ErrorCode::denied);
  answer.root += authority.root_pem();  // the trusted one beside it is no word for it
  EXPECT_EQ(files.accept_renewal(answer, first).error().code(), ErrorCode::denied);
  answer.root.clear();
  EXPECT_EQ(files.accept_renewal(answer, first).error().code(), ErrorCode::denied);
  // The old root named, and a chain that does not lead there.
  answer.root = authority.root_pem();
  EXPECT_EQ(files.accept_renewal(answer, first).error().code(), ErrorCode::corrupt);
  EXPECT_EQ(*read_file(first.trust, 100'000), authority.root_pem());
  EXPECT_EQ((*files.load())->certificate, first.certificate);
  // What was refused did no harm to the next one.
  EXPECT_TRUE(files.accept_renewal(answer_for(key, "cam-7"), first));
}

// OpenSSL reads certificates under these labels as well.
TEST_F(IdentityFilesTest, TakeNoRootUnderAnotherLabel) {
  const auto stranger = crypto::CertificateAuthority::open_or_make(directory / "other", {.now = now}).value();
  for (const std::string label : {"X509 CERTIFICATE", "TRUSTED CERTIFICATE"}) {
    std::string foreign = stranger.root_pem();
    for (std::size_t at = foreign.find("CERTIFICATE"); at != std::string::npos;
         at = foreign.find("CERTIFICATE", at + label.size()))
      foreign.replace(at, std::string("CERTIFICATE").size(), label);
    const auto first = files.accept(answer_for(files.next_key()->public_key(), "cam-7"), "s", "").value();
    auto answer = answer_for(files.next_key()->public_key(), "cam-7");
    answer.root += foreign;
    ASSERT_TRUE(files.accept_renewal(answer, first));
    EXPECT_EQ(*read_file(first.trust, 100'000), authority.root_pem());
  }
}

TEST_F(IdentityFilesTest, KeepAllThatWasTrusted) {
  std::string bundle = "# of an operating system\n";
  for (int i = 0; i < 40; ++i) {
    const auto name = directory / ("root-" + std::to_string(i));
    bundle += crypto::CertificateAuthority::open_or_make(name, {.now = now}).value().root_pem();
  }
  const auto first = files.accept(answer_for(files.next_key()->public_key(), "cam-7"), "s", bundle).value();
  ASSERT_TRUE(files.accept_renewal(answer_for(files.next_key()->public_key(), "cam-7"), first));
  EXPECT_EQ(*read_file(first.trust, 200'000), authority.root_pem() + bundle);
}

TEST_F(IdentityFilesTest, SayThatTheyAreDamaged) {
  ASSERT_TRUE(files.accept(answer_for(files.next_key()->public_key(), "cam-7"), "s", ""));
  const auto own = files.load();
  const std::string other_key = crypto::SigningKey::generate()->pem();
  ASSERT_TRUE(write_file_atomically((*own)->file, other_key + (*own)->certificate, 0600));
  EXPECT_EQ(files.load().error().code(), ErrorCode::corrupt);
  ASSERT_TRUE(write_file_atomically((*own)->file, other_key, 0600));
  EXPECT_EQ(files.load().error().code(), ErrorCode::corrupt);
}

}  // namespace
}  // namespace stratus::net
