#include "stratus/oci/tar_writer.hpp"

#include <gtest/gtest.h>

#include "stratus/oci/tar_parser.hpp"
#include "stratus/oci/tar_testing.hpp"

namespace stratus::oci {
namespace {

class LastEntry : public TarVisitor {
 public:
  TarEntry entry;
  Result<void> begin_entry(const TarEntry& the_entry, std::uint64_t) override {
    entry = the_entry;
    return {};
  }
  Result<void> entry_data(BytesView) override { return {}; }
  Result<void> end_entry() override { return {}; }
};

TarEntry there_and_back(const TarEntry& entry) {
  std::string archive;
  TarWriter writer([&](BytesView bytes) {
    archive += as_text(bytes);
    return Result<void>();
  });
  EXPECT_TRUE(writer.begin(entry));
  LastEntry last;
  TarParser parser(last);
  EXPECT_TRUE(parser.feed(as_bytes(archive)));
  return last.entry;
}

TEST(TarWriter, KeepsEverythingThatDoesNotFitAHeader) {
  TarEntry entry;
  entry.path = std::string(90, 'd') + "/" + std::string(200, 'n');
  entry.type = EntryType::symlink;
  entry.link_target = std::string(150, 't');
  entry.mode = 04755;
  entry.uid = 3'000'000'000u;
  entry.gid = 2'500'000;
  entry.mtime_s = -5;
  entry.mtime_ns = 1;
  entry.xattrs["user.a"] = std::string("x\0=\n", 4);
  const TarEntry back = there_and_back(entry);
  EXPECT_EQ(back.path, entry.path);
  EXPECT_EQ(back.link_target, entry.link_target);
  EXPECT_EQ(back.mode, entry.mode);
  EXPECT_EQ(back.uid, entry.uid);
  EXPECT_EQ(back.gid, entry.gid);
  EXPECT_EQ(back.mtime_s, entry.mtime_s);
  EXPECT_EQ(back.mtime_ns, entry.mtime_ns);
  EXPECT_EQ(back.xattrs, entry.xattrs);
}

TEST(TarWriter, KeepsSizesOverEightGigabytes) {
  TarEntry entry;
  entry.path = "big";
  entry.size = 9ull << 30;
  EXPECT_EQ(there_and_back(entry).size, entry.size);
}

TEST(TarWriter, WritesPlainEntriesWithoutRecords) {
  EXPECT_EQ(testing::tar_of({testing::file("a", "x")}).size(), 512u + 512 + 1024);
  EXPECT_EQ(testing::tar_of({testing::directory("d")}).substr(0, 3), std::string("d/\0", 3));
}

TEST(TarWriter, RefusesDataOfTheWrongLength) {
  TarWriter writer([](BytesView) { return Result<void>(); });
  ASSERT_TRUE(writer.begin(testing::file("a", "xy").entry));
  EXPECT_FALSE(writer.data(as_bytes("xyz")));
  ASSERT_TRUE(writer.data(as_bytes("x")));
  EXPECT_FALSE(writer.end());
}

TEST(TarWriter, PassesOnTheSinksFailure) {
  TarWriter writer([](BytesView) -> Result<void> { return fail(ErrorCode::no_space, "full"); });
  EXPECT_EQ(writer.begin(testing::file("a").entry).error().code(), ErrorCode::no_space);
}

}  // namespace
}  // namespace stratus::oci
