#include "stratus/base/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus {
namespace {

TEST(WriteFileAtomically, ReplacesAndLeavesNoTemporaryFile) {
  const testing::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomically(directory / "x", "one"));
  ASSERT_TRUE(write_file_atomically(directory / "x", "two"));
  EXPECT_EQ(*read_file(directory / "x", 100), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST(WriteFileAtomically, KeepsTheOldBytesWhenTheNewCannotBeWritten) {
  const testing::TemporaryDirectory directory;
  const auto written = write_file_atomically(directory / "missing/x", "one");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), ErrorCode::not_found);
}

TEST(ReadFile, RefusesMoreThanItsLimit) {
  const testing::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomically(directory / "x", "12345"));
  EXPECT_TRUE(read_file(directory / "x", 5));
  EXPECT_EQ(read_file(directory / "x", 4).error().code(), ErrorCode::no_space);
}

TEST(PreadExact, SaysWhereTheFileEnds) {
  const testing::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomically(directory / "x", "12345"));
  const auto fd = open_file(directory / "x", O_RDONLY);
  ASSERT_TRUE(fd);
  std::uint8_t buffer[4];
  EXPECT_TRUE(pread_exact(fd->get(), buffer, 1));
  EXPECT_EQ(pread_exact(fd->get(), buffer, 2).error().code(), ErrorCode::corrupt);
}

TEST(MappedFile, ShowsTheBytesAndAllowsEmptyFiles) {
  const testing::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomically(directory / "x", "12345"));
  ASSERT_TRUE(write_file_atomically(directory / "empty", ""));
  EXPECT_EQ(as_text(MappedFile::open(directory / "x")->bytes()), "12345");
  EXPECT_TRUE(MappedFile::open(directory / "empty")->bytes().empty());
}

}  // namespace
}  // namespace stratus
