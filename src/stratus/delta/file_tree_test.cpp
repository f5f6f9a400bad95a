#include "stratus/delta/file_tree.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/delta/tree_testing.hpp"

namespace stratus::delta {
namespace {

namespace fs = std::filesystem;
using testing::TarBuilder;

class FileTreeTest : public ::testing::Test {
 protected:
  fs::path at(const std::string& name) { return directory_ / name; }
  void put(const std::string& name, std::string_view text) { testing::write(at(name), as_bytes(text)); }
  static std::string get(const FileTree& tree, std::string_view path) {
    const auto view = tree.open(path);
    if (!view) return view.error().code() == ErrorCode::not_found ? "(none)" : view.error().text();
    std::string text((*view)->size(), 0);
    const auto read = (*view)->read(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    EXPECT_TRUE(read);
    EXPECT_EQ(as_text((*view)->bytes().value()), text);
    return text;
  }
  static std::string list(const FileTree& tree) {
    std::string out;
    for (const TreeFile& file : *tree.files().value())
      out += file.path + ":" + std::to_string(file.size) + " ";
    return out;
  }

  stratus::testing::TemporaryDirectory directory_;
};

TEST_F(FileTreeTest, DirectoryListsRegularFilesOnly) {
  put("d/b/file", "12");
  put("d/a", "1");
  fs::create_symlink("a", at("d/link"));
  ::mkfifo(at("d/pipe").c_str(), 0600);
  const auto tree = open_directory_tree(at("d")).value();
  EXPECT_EQ(list(*tree), "a:1 b/file:2 ");
  EXPECT_EQ(get(*tree, "b/file"), "12");
  for (const char* path : {"link", "pipe", "b", "none", "a/x", "", "/a", "./a", "b//file", "b/../a"}) {
    EXPECT_EQ(get(*tree, path), "(none)") << path;
  }
}

TEST_F(FileTreeTest, LinksNeverLeadOut) {
  put("secret", "s");
  put("d/a", "1");
  fs::create_directory_symlink("..", at("d/up"));
  fs::create_symlink(at("secret"), at("d/absolute"));
  const auto tree = open_directory_tree(at("d")).value();
  EXPECT_EQ(list(*tree), "a:1 ");
  for (const char* path : {"up/secret", "../secret", "absolute", "up/d/a"}) {
    EXPECT_EQ(get(*tree, path), "(none)") << path;
  }
}

TEST_F(FileTreeTest, ReadsAreBounded) {
  put("d/a", "12345");
  const auto view = open_directory_tree(at("d")).value()->open("a").value();
  Bytes three(3);
  EXPECT_TRUE(view->read(2, three));
  EXPECT_EQ(as_text(three), "345");
  EXPECT_EQ(view->read(3, three).error().code(), ErrorCode::corrupt);
  EXPECT_EQ(view->read(~std::uint64_t{0}, three).error().code(), ErrorCode::corrupt);
}

TEST_F(FileTreeTest, UpperLayersHideLowerOnes) {
  put("low/a", "low");
  put("low/b", "low");
  put("low/dir/x", "low");
  put("low/dir/y", "low");
  put("low/opaque/x", "low");
  put("low/replaced/x", "low");
  put("high/b", "high");
  put("high/dir/y", "high");
  put("high/opaque/y", "high");
  put("high/replaced", "high");
  if (::mknod(at("high/a").c_str(), S_IFCHR, ::makedev(0, 0)) != 0 ||
      ::setxattr(at("high/opaque").c_str(), "trusted.overlay.opaque", "y", 1, 0) != 0) {
    GTEST_SKIP() << "needs the privilege to make whiteouts";
  }
  const auto tree = open_layered_tree({at("low"), at("high")}).value();
  EXPECT_EQ(list(*tree), "b:4 dir/x:3 dir/y:4 opaque/y:4 replaced:4 ");
  EXPECT_EQ(get(*tree, "a"), "(none)");
  EXPECT_EQ(get(*tree, "b"), "high");
  EXPECT_EQ(get(*tree, "dir/x"), "low");
  EXPECT_EQ(get(*tree, "dir/y"), "high");
  EXPECT_EQ(get(*tree, "opaque/x"), "(none)");
  EXPECT_EQ(get(*tree, "opaque/y"), "high");
  EXPECT_EQ(get(*tree, "replaced/x"), "(none)");
}

TEST_F(FileTreeTest, TarsStackWithWhiteouts) {
  TarBuilder low, high;
  low.add("./a", as_bytes("low")).add("dir/x", as_bytes("low")).add("dir/y", as_bytes("low"));
  low.add("opaque/x", as_bytes("low")).add("gone/deep/x", as_bytes("low")).add("swap/x", as_bytes("low"));
  high.add(".wh.a", {}).add("dir/y", as_bytes("high")).add("opaque/y", as_bytes("high"));
  high.add("opaque/.wh..wh..opq", {}).add(".wh.gone", {}).add("swap", as_bytes("file"));
  testing::write(at("low.tar"), low.finish());
  testing::write(at("high.tar"), high.finish());
  const auto tree = open_tar_tree({at("low.tar"), at("high.tar")}).value();
  EXPECT_EQ(list(*tree), "dir/x:3 dir/y:4 opaque/y:4 swap:4 ");
  EXPECT_EQ(get(*tree, "dir/y"), "high");
  EXPECT_EQ(get(*tree, "dir/x"), "low");
  EXPECT_EQ(tree->headers().value()->size(), 12u * 512);
}

TEST_F(FileTreeTest, TarLinksAndOddNames) {
  TarBuilder tar;
  tar.add("./file", as_bytes("text")).add("hard", {}, '1', "./file").add("soft", {}, '2', "file");
  tar.add("../out", as_bytes("no")).add("/abs", as_bytes("no")).add("dangling", {}, '1', "nowhere");
  testing::write(at("t.tar"), tar.finish());
  const auto tree = open_tar_tree({at("t.tar")}).value();
  EXPECT_EQ(list(*tree), "file:4 hard:4 ");
  EXPECT_EQ(get(*tree, "hard"), "text");
}

TEST_F(FileTreeTest, NoTarIsAnError) {
  put("x", "certainly no tar");
  EXPECT_FALSE(open_tar_tree({at("x")}));
  EXPECT_EQ(open_tar_tree({at("none")}).error().code(), ErrorCode::not_found);
  EXPECT_EQ(open_directory_tree(at("none")).error().code(), ErrorCode::not_found);
}

TEST(NormalisedPathTest, OnlyPathsThatStayInside) {
  EXPECT_EQ(normalised_path("./usr//bin/x/"), "usr/bin/x");
  for (const char* path : {"", ".", "/", "/etc", "..", "a/../b", "./"}) EXPECT_EQ(normalised_path(path), "");
}

}  // namespace
}  // namespace stratus::delta
