#include "stratus/cli/start_check.hpp"

#include <gtest/gtest.h>

namespace stratus::cli {
namespace {

class StartCheck : public ::testing::Test {
 protected:
  StartCheck() {
    for (const char* directory : {"", "usr", "usr/bin", "srv"}) add(directory, oci::EntryType::directory);
    add("usr/bin/web", oci::EntryType::file, 0755);
    add("usr/bin/data", oci::EntryType::file, 0644);
    add("srv/run", oci::EntryType::file, 0700);
    link("bin", "usr/bin");
    link("usr/bin/alias", "/usr/../bin/web");
    link("loop", "loop");
    link("usr/bin/gone", "../lib/gone");
  }
  void add(const std::string& path, oci::EntryType type, std::uint32_t mode = 0755) {
    oci::TreeNode& node = tree_.nodes[path];
    node.entry.path = path;
    node.entry.type = type;
    node.entry.mode = mode;
  }
  void link(const std::string& path, const std::string& target) {
    add(path, oci::EntryType::symlink);
    tree_.nodes[path].entry.link_target = target;
  }
  std::string check(const std::string& program, const std::string& directory = "") {
    oci::ImageConfig config;
    config.entrypoint = {program};
    config.working_dir = directory;
    config.env = env_;
    return check_start(config, tree_);
  }

  oci::Tree tree_;
  std::vector<std::string> env_;
};

TEST_F(StartCheck, FindsThePrograms) {
  for (const char* program : {"/usr/bin/web", "/bin/web", "/bin/alias", "alias", "web", "//usr/./bin/web"}) {
    EXPECT_EQ(check(program), "") << program;
  }
  EXPECT_EQ(check("run", "/srv"),
            "run is in no directory of the image's PATH "
            "(/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)");
  EXPECT_EQ(check("./run", "/srv"), "");
  env_ = {"PATH=/nowhere:/srv"};
  EXPECT_EQ(check("run"), "");
  EXPECT_NE(check("web"), "");
}

TEST_F(StartCheck, SaysWhatIsWrong) {
  EXPECT_EQ(check("/usr/bin/nothing"), "there is no /usr/bin/nothing in the image");
  EXPECT_EQ(check("/usr/bin/data"), "/usr/bin/data is not executable");
  EXPECT_EQ(check("/usr/bin"), "/usr/bin is not a file");
  EXPECT_EQ(check("/"), "/ is not a file");
  for (const char* program : {"/loop", "/usr/bin/gone", "/usr/bin/web/deeper", "/../../etc/passwd"}) {
    EXPECT_NE(check(program), "") << program;
  }
  EXPECT_NE(check_start({}, tree_).find("--entrypoint"), std::string::npos);
}

}  // namespace
}  // namespace stratus::cli
