#include "stratus/cli/delta_command.hpp"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::cli {
namespace {

namespace fs = std::filesystem;

class DeltaCommandTest : public ::testing::Test {
 protected:
  DeltaCommandTest() { common_.quiet = true; }
  fs::path at(const std::string& name) { return directory_ / name; }
  static void put(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  static std::string get(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  CommonOptions common_;
  stratus::testing::TemporaryDirectory directory_;
};

TEST_F(DeltaCommandTest, DirectoriesRoundTrip) {
  put(at("old/etc/config"), std::string(5000, 'x') + "a");
  put(at("old/bin/tool"), "tool");
  put(at("new/etc/config"), std::string(5000, 'x') + "b");
  put(at("new/bin/tool"), "tool");
  fs::create_symlink("tool", at("new/bin/alias"));
  fs::create_hard_link(at("new/bin/tool"), at("new/bin/tool2"));
  ::chmod(at("new/bin/tool").c_str(), 0750);
  ASSERT_TRUE(make_delta(at("old"), at("new"), at("delta"), common_));
  ASSERT_TRUE(apply_delta(at("old"), at("delta"), at("made"), common_));
  EXPECT_EQ(get(at("made/etc/config")), get(at("new/etc/config")));
  EXPECT_EQ(fs::read_symlink(at("made/bin/alias")), "tool");
  EXPECT_EQ(fs::hard_link_count(at("made/bin/tool2")), 2u);
  EXPECT_EQ(fs::status(at("made/bin/tool")).permissions(), fs::perms(0750));
  EXPECT_EQ(fs::last_write_time(at("made/bin/tool")), fs::last_write_time(at("new/bin/tool")));
}

TEST_F(DeltaCommandTest, FilesRoundTrip) {
  put(at("old.bin"), std::string(3000, 'y'));
  put(at("new.bin"), std::string(3001, 'y') + "z");
  ASSERT_TRUE(make_delta(at("old.bin"), at("new.bin"), at("delta"), common_));
  ASSERT_TRUE(apply_delta(at("old.bin"), at("delta"), at("made.bin"), common_));
  EXPECT_EQ(get(at("made.bin")), get(at("new.bin")));
}

TEST_F(DeltaCommandTest, NothingIsOverwrittenOrLeftBehind) {
  put(at("old"), "old text");
  put(at("new"), "new text, which is longer");
  ASSERT_TRUE(make_delta(at("old"), at("new"), at("delta"), common_));
  const auto again = apply_delta(at("old"), at("delta"), at("new"), common_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::conflict);

  put(at("old"), "other");
  std::ofstream(at("delta"), std::ios::app) << "garbage";
  const auto broken = apply_delta(at("old"), at("delta"), at("made"), common_);
  ASSERT_FALSE(broken);
  std::size_t entries = 0;
  for (const auto& entry : fs::directory_iterator(directory_.path())) {
    static_cast<void>(entry);
    ++entries;
  }
  EXPECT_EQ(entries, 3u);  // old, new, delta
}

TEST_F(DeltaCommandTest, MissingInputIsNamed) {
  put(at("new"), "text");
  const auto made = make_delta(at("absent"), at("new"), at("delta"), common_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::not_found);
  EXPECT_NE(made.error().text().find("absent"), std::string::npos);
}

}  // namespace
}  // namespace stratus::cli
