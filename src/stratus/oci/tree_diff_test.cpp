#include "stratus/oci/tree_diff.hpp"

#include <random>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/oci/layer_index.hpp"
#include "stratus/oci/layer_writer.hpp"
#include "stratus/oci/tar_testing.hpp"
#include "stratus/oci/tree_scan.hpp"

namespace stratus::oci {
namespace {

using testing::directory;
using testing::file;
using testing::hard_link;
using testing::Member;
using testing::symlink;

// Contents by digest, whatever tree they came from.
class MemoryContent : public ContentSource {
 public:
  mutable std::map<Digest, std::string> by_digest;
  Result<void> read(const TreeNode& node, const ByteSink& sink) const override {
    return sink(as_bytes(by_digest.at(node.content)));
  }
};

Result<ScannedLayer> scan(const std::string& blob, Compression compression) {
  LayerPolicy policy;
  policy.keep_devices = true;
  LayerScanner scanner(compression, policy, {});
  STRATUS_CHECK(scanner.feed(as_bytes(blob)));
  return scanner.finish();
}

class Diff : public ::testing::Test {
 protected:
  Tree tree_of(const std::vector<Member>& members) {
    for (const Member& member : members) content_.by_digest[sha256(member.data)] = member.data;
    Tree tree;
    const auto layer = scan(testing::tar_of(members), Compression::none);
    EXPECT_TRUE(layer) << layer.error().text();
    const auto applied = apply_layer(tree, layer->items);
    EXPECT_TRUE(applied) << applied.error().text();
    return tree;
  }
  // "put a", "remove b/c", …
  std::vector<std::string> changes(const Tree& older, const Tree& newer, CompareOptions options = {}) {
    static const char* const kNames[] = {"put ", "link ", "remove ", "opaque "};
    std::vector<std::string> out;
    for (const LayerChange& change : diff_trees(older, newer, options).changes) {
      out.push_back(kNames[static_cast<int>(change.kind)] + change.path);
    }
    return out;
  }
  WrittenLayer write(const Tree& older, const Tree& newer, std::string* blob = nullptr) {
    const auto written = write_layer(diff_trees(older, newer), content_, directory_ / "blob", {.level = 3});
    EXPECT_TRUE(written) << written.error().text();
    if (blob != nullptr) *blob = *read_file(directory_ / "blob", 1 << 30);
    return *written;
  }

  MemoryContent content_;
  const stratus::testing::TemporaryDirectory directory_;
};

using Names = std::vector<std::string>;

TEST_F(Diff, OfTheSameTreesIsEmpty) {
  const Tree tree = tree_of({directory("d"), file("d/f", "x"), hard_link("d/g", "d/f")});
  EXPECT_TRUE(diff_trees(tree, tree).changes.empty());
}

TEST_F(Diff, HoldsAdditionsChangesAndDeletionsWithTheirParents) {
  const Tree older = tree_of({directory("d"), file("d/changed", "1"), file("d/gone", ""), file("same", "s")});
  const Tree newer = tree_of({directory("d"), file("d/changed", "2"), file("new", "n"), file("same", "s")});
  EXPECT_EQ(changes(older, newer), (Names{"put d", "put d/changed", "remove d/gone", "put new"}));
  const DiffSummary summary = diff_trees(older, newer).summary;
  EXPECT_EQ(summary.added, 1u);
  EXPECT_EQ(summary.changed, 1u);
  EXPECT_EQ(summary.removed, 1u);
}

TEST_F(Diff, RemovesADirectoryByOneWhiteout) {
  const Tree older = tree_of({directory("d"), file("d/a"), file("d/b"), directory("d/e"), file("d/e/f")});
  EXPECT_EQ(changes(older, tree_of({})), Names{"remove d"});
}

TEST_F(Diff, MakesADirectoryOpaqueWhenNothingOfItStays) {
  const Tree older =
      tree_of({directory("d"), file("d/a"), file("d/b"), directory("d/s"), file("d/s/x"), file("d/s/y")});
  const Tree newer = tree_of({directory("d"), file("d/c", "c"), directory("d/s", 0700), file("d/s/z", "z")});
  EXPECT_EQ(changes(older, newer), (Names{"put d", "opaque d", "put d/c", "put d/s", "put d/s/z"}));
}

TEST_F(Diff, NeedsNoWhiteoutBelowWhatBecameAFile) {
  const Tree older = tree_of({directory("d"), file("d/a"), file("d/b")});
  EXPECT_EQ(changes(older, tree_of({file("d", "f")})), Names{"put d"});
}

TEST_F(Diff, SeesAttributesTimesAndTargets) {
  const Tree older = tree_of({file("m", ""), file("t", ""), symlink("l", "a"), file("x", "")});
  Member later = file("t", "");
  later.entry.mtime_ns = 1;
  const Tree newer =
      tree_of({file("m", "", 0600), later, symlink("l", "b"), testing::with_xattr(file("x"), "user.a", "")});
  EXPECT_EQ(changes(older, newer), (Names{"put l", "put m", "put t", "put x"}));
  EXPECT_EQ(changes(older, newer, {.ignore_times = true}), (Names{"put l", "put m", "put x"}));
}

TEST_F(Diff, WritesAllNamesOfAHardLinkedFileWhenOneChanges) {
  const Tree older = tree_of({file("a", "1"), hard_link("b", "a"), file("c", "1")});
  EXPECT_EQ(changes(older, tree_of({file("a", "2"), hard_link("b", "a"), file("c", "1")})),
            (Names{"put a", "link b"}));
  EXPECT_EQ(changes(older, tree_of({file("a", "1"), hard_link("b", "a"), hard_link("c", "a")})),
            (Names{"put a", "link b", "link c"}));
  EXPECT_EQ(changes(older, tree_of({file("a", "1"), file("b", "1"), file("c", "1")})),
            (Names{"put a", "put b"}));
}

TEST_F(Diff, GivesTheSameBytesAgain) {
  const Tree newer =
      tree_of({directory("./"), file("f", std::string(100000, 'x')), directory("d"), file("d/g", "y")});
  const WrittenLayer once = write({}, newer), twice = write({}, newer);
  EXPECT_EQ(once.descriptor.digest, twice.descriptor.digest);
  EXPECT_EQ(once.diff_id, twice.diff_id);
  EXPECT_EQ(once.descriptor.size, std::filesystem::file_size(directory_ / "blob"));
}

TEST_F(Diff, RefusesContentThatChangedMeanwhile) {
  const Tree newer = tree_of({file("f", "before")});
  content_.by_digest[newer.nodes.at("f").content] = "after this, more";
  EXPECT_FALSE(write_layer(diff_trees({}, newer), content_, directory_ / "blob", {.level = 3}));
}

std::vector<Member> random_members(std::mt19937& random) {
  const auto pick = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  std::vector<Member> out{directory("./", pick(2) != 0 ? 0755 : 0700)};
  std::vector<std::string> directories{""}, files;
  const auto fresh = [&] {
    const std::string parent = directories[pick(static_cast<unsigned>(directories.size()))];
    return (parent.empty() ? "" : parent + "/") + std::string(1, static_cast<char>('a' + pick(5)));
  };
  std::set<std::string> taken;
  for (unsigned i = 0; i < 14; ++i) {
    const std::string path = fresh();
    if (!taken.insert(path).second) continue;
    switch (pick(6)) {
      case 0:
      case 1:
        out.push_back(directory(path, 0750 + pick(2)));
        directories.push_back(path);
        break;
      case 2:
        out.push_back(symlink(path, std::string(1 + pick(2), 't')));
        break;
      case 3:
        if (!files.empty()) {
          out.push_back(hard_link(path, files[pick(static_cast<unsigned>(files.size()))]));
          break;
        }
        [[fallthrough]];
      default:
        out.push_back(file(path, std::string(pick(3), 'f'), 0640 + pick(2)));
        files.push_back(path);
    }
  }
  return out;
}

std::vector<std::string> describe(const Tree& tree) {
  std::vector<std::string> out;
  std::map<std::uint64_t, std::string> first;
  for (const auto& [path, node] : tree.nodes) {
    const std::string inode = node.link == 0 ? path : first.emplace(node.link, path).first->second;
    out.push_back(path + " " + std::to_string(static_cast<int>(node.entry.type)) + " " +
                  std::to_string(node.entry.mode) + " " + node.entry.link_target + " " +
                  node.content.short_hex() + " " + inode);
  }
  return out;
}

TEST_F(Diff, LaidOverTheOlderTreeGivesTheNewer) {
  std::mt19937 random(20261121);
  for (int round = 0; round < 200; ++round) {
    const Tree older = tree_of(random_members(random)), newer = tree_of(random_members(random));
    std::string blob;
    const WrittenLayer written = write(older, newer, &blob);
    const auto layer = scan(blob, Compression::zstd);
    ASSERT_TRUE(layer) << layer.error().text();
    EXPECT_EQ(layer->diff_id, written.diff_id);
    Tree merged = older;
    ASSERT_TRUE(apply_layer(merged, layer->items));
    ASSERT_EQ(describe(merged), describe(newer)) << "round " << round;
    ASSERT_TRUE(diff_trees(newer, merged).changes.empty());
    // What the cache keeps of the layer says the same.
    const auto index = parse_layer_index(encode_layer_index(layer->items));
    ASSERT_TRUE(index) << index.error().text();
    Tree from_index = older;
    ASSERT_TRUE(apply_layer(from_index, *index));
    ASSERT_EQ(describe(from_index), describe(newer));
  }
}

TEST(LayerIndex, RefusesDamage) {
  const auto layer = scan(testing::tar_of({file("f", "x")}), Compression::none);
  std::string text = encode_layer_index(layer->items);
  EXPECT_TRUE(parse_layer_index(text));
  text[text.find("sha256:") + 8] = 'Z';
  EXPECT_FALSE(parse_layer_index(text));
  EXPECT_FALSE(parse_layer_index(testing::tar_of({file("f", "x")})));
}

TEST(ApplyLayer, RefusesWhatUnpackingRefuses) {
  for (const std::vector<Member>& members : {std::vector<Member>{symlink("l", "/"), file("l/x")},
                                             {file("f"), file("f/x")},
                                             {hard_link("h", "none")},
                                             {directory("d"), hard_link("h", "d")},
                                             {file("h"), hard_link("h", "h")}}) {
    const auto layer = scan(testing::tar_of(members), Compression::none);
    ASSERT_TRUE(layer);
    Tree tree;
    EXPECT_EQ(apply_layer(tree, layer->items).error().code(), ErrorCode::invalid);
  }
}

class Scan : public ::testing::Test {
 protected:
  const stratus::testing::TemporaryDirectory directory_;
  const std::filesystem::path root_ = directory_ / "root";
  void SetUp() override {
    std::filesystem::create_directories(root_ / "d");
    ASSERT_TRUE(write_file_atomically(root_ / "d/f", "hello"));
    ASSERT_EQ(::link((root_ / "d/f").c_str(), (root_ / "g").c_str()), 0);
    ASSERT_EQ(::symlink("d/f", (root_ / "l").c_str()), 0);
  }
};

TEST_F(Scan, ReadsADirectory) {
  const auto scanned = scan_directory(root_, {});
  ASSERT_TRUE(scanned) << scanned.error().text();
  const auto& nodes = scanned->tree.nodes;
  EXPECT_EQ(nodes.size(), 5u);
  EXPECT_EQ(nodes.at("d/f").content, sha256("hello"));
  EXPECT_NE(nodes.at("d/f").link, 0u);
  EXPECT_EQ(nodes.at("d/f").link, nodes.at("g").link);
  EXPECT_EQ(nodes.at("l").entry.link_target, "d/f");
  EXPECT_EQ(nodes.at("").entry.type, EntryType::directory);
  std::string read;
  ASSERT_TRUE(scanned->content->read(nodes.at("d/f"), [&](BytesView bytes) {
    read += as_text(bytes);
    return Result<void>();
  }));
  EXPECT_EQ(read, "hello");
}

TEST_F(Scan, NoticesFilesThatChangeMeanwhile) {
  const auto scanned = scan_directory(root_, {});
  ASSERT_TRUE(write_file_atomically(root_ / "d/f", "hullo"));
  const auto again =
      scanned->content->read(scanned->tree.nodes.at("d/f"), [](BytesView) { return Result<void>(); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::conflict);
}

TEST_F(Scan, OfATarGivesTheSameTree) {
  const auto scanned = scan_directory(root_, {});
  const auto written =
      write_layer(diff_trees({}, scanned->tree), *scanned->content, directory_ / "tar.zst", {.level = 3});
  ASSERT_TRUE(written);
  const auto from_tar = scan_rootfs_tar(directory_ / "tar.zst", directory_.path(), {});
  ASSERT_TRUE(from_tar) << from_tar.error().text();
  EXPECT_TRUE(diff_trees(scanned->tree, from_tar->tree).changes.empty());
  std::string read;
  ASSERT_TRUE(from_tar->content->read(from_tar->tree.nodes.at("g"), [&](BytesView bytes) {
    read += as_text(bytes);
    return Result<void>();
  }));
  EXPECT_EQ(read, "hello");
}

TEST_F(Scan, RefusesReservedNamesAndDevices) {
  ASSERT_TRUE(write_file_atomically(root_ / ".wh.x", ""));
  EXPECT_EQ(scan_directory(root_, {}).error().code(), ErrorCode::invalid);
  std::filesystem::remove(root_ / ".wh.x");
  if (::geteuid() != 0) GTEST_SKIP() << "device nodes need root";
  ASSERT_EQ(::mknod((root_ / "null").c_str(), S_IFCHR | 0666, (1 << 8) | 3), 0);
  EXPECT_EQ(scan_directory(root_, {}).error().code(), ErrorCode::denied);
  ScanOptions keep;
  keep.policy.keep_devices = true;
  EXPECT_EQ(scan_directory(root_, keep)->tree.nodes.at("null").entry.device_minor, 3u);
}

TEST_F(Scan, RefusesTarsThatAreNoRootFileSystem) {
  const auto refused = [&](const std::vector<Member>& members) {
    EXPECT_TRUE(write_file_atomically(directory_ / "t.tar", testing::tar_of(members)));
    const auto scanned = scan_rootfs_tar(directory_ / "t.tar", directory_.path(), {});
    return scanned ? std::string() : scanned.error().text();
  };
  EXPECT_NE(refused({file(".wh.x")}).find("not a root file system"), std::string::npos);
  EXPECT_NE(refused({file("oci-layout")}).find("archive of an image"), std::string::npos);
  EXPECT_NE(refused({file("../x")}).find("'..'"), std::string::npos);
}

}  // namespace
}  // namespace stratus::oci
