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
    crypto::CertificateProfile profile;
    profile.common_name = name;
    profile.now = now;
    const auto issued = authority.issue(key, profile).value();
    wire::EnrolAnswer answer;
    answer.device = name;
    answer.kind = "device";
    answer.certificate = issued.pem;
    answer.chain = authority.intermediate_pem();
    answer.root = authority.root_pem();
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
