#include "stratus/server/admin_token.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "stratus/base/bytes.hpp"
#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::server {
namespace {

std::string basic(std::string_view pair) { return "Basic " + to_base64(as_bytes(pair)); }

TEST(AdminToken, ComesAsBearerOrAsAnyonesPassword) {
  const AdminToken token("0123456789abcdef");
  EXPECT_TRUE(token.matches("Bearer 0123456789abcdef"));
  EXPECT_TRUE(token.matches("bearer 0123456789abcdef"));
  EXPECT_TRUE(token.matches(basic("admin:0123456789abcdef")));
  EXPECT_TRUE(token.matches(basic(":0123456789abcdef")));
  for (const std::string& wrong :
       std::vector<std::string>{"", "Bearer", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0",
                                "Digest 0123456789abcdef", basic(""), basic(":"), basic("0123456789abcdef"),
                                basic("0123456789abcdef:"), "Basic ###", "0123456789abcdef"}) {
    EXPECT_FALSE(token.matches(wrong)) << wrong;
  }
  EXPECT_FALSE(token.matches(std::nullopt));
}

TEST(AdminToken, IsMadeOnceAndForTheOwnerOnly) {
  const stratus::testing::TemporaryDirectory directory;
  const auto made = AdminToken::load_or_make(directory / "admin.token");
  ASSERT_TRUE(made);
  struct stat status {};
  ASSERT_EQ(::stat((directory / "admin.token").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  std::string text = *read_file(directory / "admin.token", 100);
  text.pop_back();
  EXPECT_TRUE(AdminToken::load_or_make(directory / "admin.token")->matches("Bearer " + text));
  ASSERT_TRUE(write_file_atomically(directory / "admin.token", "\n"));
  EXPECT_FALSE(AdminToken::load_or_make(directory / "admin.token"));
}

}  // namespace
}  // namespace stratus::server
