#include "stratus/oci/unpack.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/oci/tar_testing.hpp"
#include "stratus/oci/tree_diff.hpp"
#include "stratus/oci/tree_scan.hpp"

namespace stratus::oci {
namespace {

using testing::device;
using testing::directory;
using testing::file;
using testing::hard_link;
using testing::Member;
using testing::symlink;
using testing::with_xattr;
namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class Unpack : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "ownership, whiteouts and trusted attributes need root";
    fs::create_directory(root_);
    EXPECT_TRUE(write_file_atomically(outside_ / "secret", "untouched"));
  }

  Result<UnpackTotals> apply(const std::vector<Member>& members, UnpackOptions options = {}) {
    options.sync = false;
    STRATUS_TRY(unpacker, LayerUnpacker::create(root_, options));
    const std::string tar = testing::tar_of(members);
    STRATUS_CHECK(unpacker->feed(as_bytes(tar)));
    return unpacker->finish();
  }
  Result<UnpackTotals> merge(const std::vector<Member>& members) {
    UnpackOptions options;
    options.form = UnpackForm::merged_tree;
    return apply(members, options);
  }
  void expect_refused(const std::vector<Member>& members, ErrorCode code, const std::string& words) {
    for (const UnpackForm form : {UnpackForm::layer_directory, UnpackForm::merged_tree}) {
      fs::remove_all(root_);
      fs::create_directory(root_);
      UnpackOptions options;
      options.form = form;
      const auto applied = apply(members, options);
      ASSERT_FALSE(applied) << words;
      EXPECT_EQ(applied.error().code(), code) << applied.error().text();
      EXPECT_NE(applied.error().text().find(words), std::string::npos) << applied.error().text();
      EXPECT_EQ(*read_file(outside_ / "secret", 100), "untouched");
      EXPECT_EQ(std::distance(fs::directory_iterator(outside_.path()), {}), outside_entries_);
    }
  }
  struct stat status_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::lstat((root_ / path).c_str(), &status), 0) << path;
    return status;
  }
  bool is_whiteout(const std::string& path) {
    const struct stat status = status_of(path);
    return S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0);
  }
  bool is_opaque(const std::string& path) {
    char value[8];
    return ::lgetxattr((root_ / path).c_str(), "trusted.overlay.opaque", value, sizeof value) == 1 &&
           value[0] == 'y';
  }
  bool exists(const std::string& path) { return fs::exists(fs::symlink_status(root_ / path)); }
  std::string read(const std::string& path) {
    return read_file(root_ / path, 1 << 20).value_or("(unreadable)");
  }

  const stratus::testing::TemporaryDirectory directory_, outside_;
  const fs::path root_ = directory_ / "root";
  const std::ptrdiff_t outside_entries_ = 1;
};

TEST_F(Unpack, WritesContentsAndAttributes) {
  Member owned = file("d/f", "hello", 04711);
  owned.entry.uid = 1234;
  owned.entry.gid = 4321;
  owned.entry.mtime_ns = 987'654'321;
  Member node = testing::of_type(EntryType::fifo, "d/p", "", 0640);
  const auto totals = apply({directory("./", 0711), directory("d/", 0750), with_xattr(owned, "user.k", "v"),
                             symlink("l", "d/f"), hard_link("h", "./d/f"), node});
  ASSERT_TRUE(totals) << totals.error().text();
  EXPECT_EQ(totals->bytes, 5u);
  EXPECT_EQ(read("d/f"), "hello");
  const struct stat status = status_of("d/f");
  EXPECT_EQ(status.st_mode & 07777, 04711u);
  EXPECT_EQ(status.st_uid, 1234u);
  EXPECT_EQ(status.st_gid, 4321u);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'600'000'000);
  EXPECT_EQ(status.st_mtim.tv_nsec, 987'654'321);
  EXPECT_EQ(status.st_ino, status_of("h").st_ino);
  EXPECT_EQ(status_of("d").st_mode & 07777, 0750u);
  EXPECT_EQ(status_of("d").st_mtim.tv_sec, 1'600'000'000);  // although a file was made in it later
  EXPECT_EQ(status_of("").st_mode & 07777, 0711u);
  EXPECT_EQ(fs::read_symlink(root_ / "l"), "d/f");
  EXPECT_TRUE(S_ISFIFO(status_of("d/p").st_mode));
  char value[8];
  EXPECT_EQ(::lgetxattr((root_ / "d/f").c_str(), "user.k", value, sizeof value), 1);
}

TEST_F(Unpack, LayerDirectoryTurnsMarksIntoOverlayfsForm) {
  ASSERT_TRUE(apply({file("a/.wh.gone"), directory("o/"), file("o/.wh..wh..opq"), file("o/new", "n")}));
  EXPECT_TRUE(is_whiteout("a/gone"));
  EXPECT_TRUE(is_opaque("o"));
  EXPECT_FALSE(is_opaque("a"));
  EXPECT_EQ(read("o/new"), "n");
  EXPECT_FALSE(exists("o/.wh..wh..opq"));
}

TEST_F(Unpack, LayerDirectoryWhiteoutsSpareWhatTheSameLayerHolds) {
  ASSERT_TRUE(apply({file("f", "kept"), file(".wh.f"), directory("d/"), file("d/x", "kept"), file(".wh.d")}));
  EXPECT_EQ(read("f"), "kept");
  EXPECT_EQ(read("d/x"), "kept");
  EXPECT_TRUE(is_opaque("d"));
}

TEST_F(Unpack, LayerDirectoryRefillsADeletedDirectoryOpaquely) {
  ASSERT_TRUE(apply({file(".wh.d"), directory("d/"), file("d/x", "1"), file(".wh.e"), file("e/x", "2")}));
  EXPECT_TRUE(is_opaque("d"));
  EXPECT_TRUE(is_opaque("e"));
  EXPECT_EQ(read("e/x"), "2");
}

TEST_F(Unpack, MergedTreeAppliesDeletions) {
  ASSERT_TRUE(
      merge({directory("d/"), file("d/old"), file("d/stay", "s"), directory("o/"), file("o/x"), file("f")}));
  ASSERT_TRUE(merge({file("d/.wh.old"), file("o/.wh..wh..opq"), file("o/new", "n"), file(".wh.f")}));
  EXPECT_FALSE(exists("d/old"));
  EXPECT_EQ(read("d/stay"), "s");
  EXPECT_FALSE(exists("o/x"));
  EXPECT_EQ(read("o/new"), "n");
  EXPECT_FALSE(exists("f"));
  EXPECT_EQ(status_of("d").st_mtim.tv_sec, 1'600'000'000);  // the second layer did not list it
}

TEST_F(Unpack, MergedTreeWhiteoutsSpareWhatTheSameLayerHolds) {
  ASSERT_TRUE(merge({directory("d/"), file("d/old"), file("f", "1")}));
  ASSERT_TRUE(merge({directory("d/"), file("d/new", "n"), file(".wh.d"), file("f", "2"), file(".wh.f")}));
  EXPECT_FALSE(exists("d/old"));
  EXPECT_EQ(read("d/new"), "n");
  EXPECT_EQ(read("f"), "2");
}

TEST_F(Unpack, ReplacesOneKindByAnother) {
  ASSERT_TRUE(merge({directory("d/sub/"), file("d/sub/x"), file("f"), symlink("l", "f")}));
  ASSERT_TRUE(merge({file("d", "file now"), directory("f/"), file("f/y", "y"), file("l", "not followed")}));
  EXPECT_EQ(read("d"), "file now");
  EXPECT_EQ(read("f/y"), "y");
  EXPECT_EQ(read("l"), "not followed");
}

TEST_F(Unpack, TheLastOfSeveralEntriesCounts) {
  ASSERT_TRUE(
      apply({file("f", "first"), file("f", "second"), directory("x/"), file("x/in"), file("x", "file")}));
  EXPECT_EQ(read("f"), "second");
  EXPECT_EQ(read("x"), "file");
}

// What overlayfs shows of layer directories is what the layers merge to.
TEST_F(Unpack, LayerDirectoriesUnderOverlayfsShowTheMergedTree) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    GTEST_SKIP() << "mounting is not allowed here";
  }
  const fs::path stage = directory_ / "stage";
  fs::create_directories(stage);
  ASSERT_EQ(::mount("tmpfs", stage.c_str(), "tmpfs", 0, nullptr), 0);
  const std::vector<std::vector<Member>> layers{
      {directory("./"), directory("d", 0750), file("d/old"), file("d/stay", "s"), directory("o"), file("o/x"),
       file("o/y"), file("f", "1"), directory("was-dir"), file("was-dir/in"), file("was-file"),
       symlink("l", "f"), file("gone")},
      {directory("./"), directory("d", 0700), file("d/.wh.old"), directory("o"), file("o/.wh..wh..opq"),
       file("o/new", "n"), file("was-dir", "now a file"), directory("was-file"), file("was-file/in"),
       file("l", "plain"), file(".wh.gone"), file("a", "linked"), hard_link("b", "a")},
      {directory("./", 0711), directory("d", 0700), file("d/.wh.stay"), file(".wh.was-file"),
       directory("gone"), file("gone/back", "b"), file("f", "3")}};
  std::string lower;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const fs::path one = stage / std::to_string(i);
    fs::create_directories(one);
    ASSERT_TRUE(merge(layers[i]));
    auto unpacker = LayerUnpacker::create(one, {.sync = false});
    const std::string tar = testing::tar_of(layers[i]);
    ASSERT_TRUE((*unpacker)->feed(as_bytes(tar)));
    ASSERT_TRUE((*unpacker)->finish());
    lower = one.string() + (lower.empty() ? "" : ":") + lower;
  }
  fs::create_directories(stage / "shown");
  const std::string options = "lowerdir=" + lower;
  ASSERT_EQ(::mount("overlay", (stage / "shown").c_str(), "overlay", MS_RDONLY, options.c_str()), 0)
      << options;
  const auto merged = scan_directory(root_, {}), shown = scan_directory(stage / "shown", {});
  ASSERT_TRUE(merged && shown);
  Names differences;
  // Times of directories are left out: those that a layer does not list are its own.
  for (const LayerChange& change : diff_trees(merged->tree, shown->tree, {.ignore_times = true}).changes) {
    differences.push_back(change.path);
  }
  EXPECT_EQ(differences, Names{});
  EXPECT_TRUE(shown->tree.nodes.contains("gone/back"));
  ASSERT_EQ(::umount2(stage.c_str(), MNT_DETACH), 0);
}

TEST_F(Unpack, RefusesPathsThatLeadOutside) {
  expect_refused({file("../evil")}, ErrorCode::invalid, "'..'");
  expect_refused({file("a/../../evil")}, ErrorCode::invalid, "'..'");
  expect_refused({file("/etc/evil")}, ErrorCode::invalid, "absolute");
  expect_refused({directory("..")}, ErrorCode::invalid, "'..'");
  expect_refused({hard_link("h", "../secret")}, ErrorCode::invalid, "'..'");
  expect_refused({hard_link("h", "/etc/passwd")}, ErrorCode::invalid, "absolute");
}

TEST_F(Unpack, RefusesToWriteThroughALink) {
  const std::string away = outside_.path().string();
  expect_refused({symlink("l", away), file("l/evil", "x")}, ErrorCode::invalid, "not a directory");
  expect_refused({symlink("l", away), directory("l/evil/")}, ErrorCode::invalid, "not a directory");
  expect_refused({symlink("l", away), file("l/.wh.secret")}, ErrorCode::invalid, "not a directory");
  expect_refused({symlink("l", away), file("l/.wh..wh..opq")}, ErrorCode::invalid, "not a directory");
  expect_refused({symlink("l", away), hard_link("h", "l/secret")}, ErrorCode::invalid, "not a directory");
  expect_refused({symlink("l", "."), symlink("m", "l/.."), file("m/evil")}, ErrorCode::invalid,
                 "not a directory");
  expect_refused({file("f"), file("f/below")}, ErrorCode::invalid, "not a directory");
}

TEST_F(Unpack, ReplacesALinkInsteadOfWritingToItsTarget) {
  ASSERT_TRUE(apply({symlink("l", (outside_ / "secret").string()), file("l", "here")}));
  EXPECT_EQ(*read_file(outside_ / "secret", 100), "untouched");
  EXPECT_EQ(read("l"), "here");
}

TEST_F(Unpack, HardLinksToALinkDoNotFollowIt) {
  ASSERT_TRUE(apply({symlink("l", (outside_ / "secret").string()), hard_link("h", "l")}));
  EXPECT_TRUE(fs::is_symlink(root_ / "h"));
}

TEST_F(Unpack, RefusesDamagingMarks) {
  expect_refused({file(".wh.")}, ErrorCode::invalid, "whiteout of nothing");
  expect_refused({file(".wh..")}, ErrorCode::invalid, "whiteout of nothing");
  expect_refused({file("a/.wh...")}, ErrorCode::invalid, "whiteout of nothing");
  expect_refused({file(".wh.a/b")}, ErrorCode::invalid, "below a whiteout");
  expect_refused({symlink("./", "/etc")}, ErrorCode::invalid, "root directory");
  expect_refused({hard_link("h", ".wh.x")}, ErrorCode::invalid, "not a file");
}

TEST_F(Unpack, RefusesBadHardLinks) {
  expect_refused({hard_link("h", "missing")}, ErrorCode::invalid, "is not");
  expect_refused({file("h"), hard_link("h", "h")}, ErrorCode::invalid, "itself");
  expect_refused({directory("d"), hard_link("h", "d")}, ErrorCode::invalid, "is a directory");
}

TEST_F(Unpack, RefusesAttributesThatSteerOverlayfs) {
  expect_refused({with_xattr(directory("d"), "trusted.overlay.redirect", "/x")}, ErrorCode::denied,
                 "overlayfs");
  expect_refused({with_xattr(directory("d"), "user.overlay.opaque", "y")}, ErrorCode::denied, "overlayfs");
}

TEST_F(Unpack, RefusesDevicesUnlessAskedToKeepThem) {
  expect_refused({device("null", 1, 3)}, ErrorCode::denied, "device node");
  UnpackOptions options;
  options.policy.keep_devices = true;
  ASSERT_TRUE(apply({device("null", 1, 3)}, options));
  EXPECT_EQ(status_of("null").st_rdev, makedev(1, 3));
  EXPECT_EQ(status_of("null").st_mode & 0777, 0666u);
  const auto fake_whiteout = apply({device("w", 0, 0)}, options);
  ASSERT_FALSE(fake_whiteout);
  EXPECT_EQ(fake_whiteout.error().code(), ErrorCode::invalid);
}

TEST_F(Unpack, DropsSetuidWhenAskedTo) {
  UnpackOptions options;
  options.policy.keep_setuid = false;
  ASSERT_TRUE(apply({file("f", "", 06755)}, options));
  EXPECT_EQ(status_of("f").st_mode & 07777, 0755u);
}

TEST_F(Unpack, StopsAtItsLimits) {
  UnpackOptions few;
  few.policy.max_entries = 2;
  EXPECT_EQ(apply({file("a"), file("b"), file("c")}, few).error().code(), ErrorCode::no_space);
  UnpackOptions small;
  small.policy.max_bytes = 10;
  EXPECT_EQ(apply({file("a", "123456"), file("b", "123456")}, small).error().code(), ErrorCode::no_space);
  expect_refused({file(std::string(256, 'n'))}, ErrorCode::invalid, "255 bytes");
  std::string deep;
  for (int i = 0; i < 256; ++i) deep += "d/";
  expect_refused({directory(deep)}, ErrorCode::invalid, "255 levels");
  expect_refused({with_xattr(file("a"), "user.x", std::string(70000, 'v'))}, ErrorCode::no_space,
                 "attributes");
}

TEST_F(Unpack, RemembersDirectoriesWithinABound) {
  UnpackOptions options;
  options.max_remembered = 32u << 10;
  std::vector<Member> few, implied, attributes;
  for (int i = 0; i < 20; ++i) few.push_back(directory("d" + std::to_string(i)));
  EXPECT_TRUE(apply(few, options));
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "directory/";
  implied.push_back(file(deep + "file", "x"));
  const auto refused = apply(implied, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::no_space) << refused.error().text();
  attributes.push_back(with_xattr(directory("many"), "user.large", std::string(40'000, 'x')));
  const auto too_large = apply(attributes, options);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code(), ErrorCode::no_space) << too_large.error().text();
}

TEST_F(Unpack, RefusesATruncatedArchive) {
  auto unpacker = LayerUnpacker::create(root_, {});
  const std::string tar = testing::tar_of({file("a", std::string(2000, 'x'))});
  ASSERT_TRUE((*unpacker)->feed(as_bytes(tar).first(1500)));
  EXPECT_EQ((*unpacker)->finish().error().code(), ErrorCode::corrupt);
}

TEST_F(Unpack, SyncsSmallAndLargeLayers) {
  std::vector<Member> members{directory("d")};
  for (const int count : {1, 20}) {
    fs::remove_all(root_);
    fs::create_directory(root_);
    for (int i = 0; i < count; ++i) members.push_back(file("d/" + std::to_string(i), "x"));
    const std::string tar = testing::tar_of(members);
    auto unpacker = LayerUnpacker::create(root_, {});
    ASSERT_TRUE((*unpacker)->feed(as_bytes(tar)));
    const auto finished = (*unpacker)->finish();
    EXPECT_TRUE(finished) << finished.error().text();
  }
}

}  // namespace
}  // namespace stratus::oci
