#include "stratus/store/file_blob_store.hpp"

#include <optional>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"

namespace stratus::store {
namespace {

class FileBlobStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<FileBlobStore> open() {
    auto opened = FileBlobStore::open(directory_.path());
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(*opened);
  }
  std::size_t files_in_uploads() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory_ / "uploads"), {}));
  }
  const WallTime kFuture = system_clock().wall() + std::chrono::hours(1);

  stratus::testing::TemporaryDirectory directory_;
};

TEST_F(FileBlobStoreTest, KeepsABlobUnderItsDigest) {
  auto store = open();
  const Digest digest = sha256("hello");
  auto writer = store->create();
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->write(as_bytes("hel")));
  ASSERT_TRUE((*writer)->write(as_bytes("lo")));
  EXPECT_EQ(store->stat(digest).error().code(), ErrorCode::not_found);
  ASSERT_TRUE((*writer)->commit(digest));
  EXPECT_EQ(store->stat(digest)->size, 5u);
  EXPECT_EQ(*store->read(digest, 5), "hello");
  EXPECT_EQ(store->read(digest, 4).error().code(), ErrorCode::no_space);
  EXPECT_EQ(store->total_bytes(), 5u);
  EXPECT_EQ(open()->count(), 1u);  // counted again at the next start
}

TEST_F(FileBlobStoreTest, RefusesAWrongDigestAndLeavesNothing) {
  auto store = open();
  {
    auto writer = store->create();
    ASSERT_TRUE(writer && (*writer)->write(as_bytes("hello")));
    EXPECT_EQ((*writer)->commit(sha256("other")).error().code(), ErrorCode::corrupt);
  }
  EXPECT_EQ(store->count(), 0u);
  EXPECT_EQ(files_in_uploads(), 0u);
}

TEST_F(FileBlobStoreTest, CountsTheSameBlobOnce) {
  auto store = open();
  ASSERT_TRUE(store->put(as_bytes("x")));
  ASSERT_TRUE(store->put(as_bytes("x")));
  auto writer = store->create();
  ASSERT_TRUE(writer && (*writer)->write(as_bytes("x")) && (*writer)->commit(sha256("x")));
  EXPECT_EQ(store->count(), 1u);
  EXPECT_EQ(store->total_bytes(), 1u);
}

TEST_F(FileBlobStoreTest, AnOpenBlobOutlivesItsRemoval) {
  auto store = open();
  ASSERT_TRUE(store->put(as_bytes("hello")));
  const auto reader = store->open(sha256("hello"));
  ASSERT_TRUE(reader);
  ASSERT_TRUE(store->remove(sha256("hello")));
  ASSERT_TRUE(store->remove(sha256("hello")));
  std::uint8_t byte = 0;
  EXPECT_TRUE(pread_exact(reader->fd.get(), std::span(&byte, 1), 4));
  EXPECT_EQ(store->total_bytes(), 0u);
}

TEST_F(FileBlobStoreTest, APartialBlobGoesOnAfterARestart) {
  {
    auto store = open();
    auto partial = store->open_partial("key-1", PartialMode::create);
    ASSERT_TRUE(partial && (*partial)->write(as_bytes("hel")) && (*partial)->sync());
    EXPECT_EQ(store->open_partial("key-1", PartialMode::resume).error().code(), ErrorCode::conflict);
    EXPECT_EQ(store->discard_partial("key-1").error().code(), ErrorCode::conflict);
  }
  auto store = open();
  EXPECT_EQ(store->stat_partial("key-1")->size, 3u);
  auto partial = store->open_partial("key-1", PartialMode::create_or_resume);
  ASSERT_TRUE(partial);
  EXPECT_EQ((*partial)->size(), 3u);
  ASSERT_TRUE((*partial)->write(as_bytes("lo")));
  ASSERT_TRUE((*partial)->commit(sha256("hello")));
  EXPECT_EQ(store->stat_partial("key-1").error().code(), ErrorCode::not_found);
  EXPECT_EQ(*store->read(sha256("hello"), 10), "hello");
}

TEST_F(FileBlobStoreTest, APartialBlobCanBeDiscarded) {
  auto store = open();
  ASSERT_TRUE((*store->open_partial("a", PartialMode::create))->write(as_bytes("x")));
  std::vector<std::string> keys;
  ASSERT_TRUE(store->for_each_partial([&](const PartialInfo& info) { keys.push_back(info.key); }));
  EXPECT_EQ(keys, std::vector<std::string>{"a"});
  ASSERT_TRUE(store->discard_partial("a"));
  ASSERT_TRUE(store->discard_partial("a"));
  EXPECT_EQ(store->open_partial("a", PartialMode::resume).error().code(), ErrorCode::not_found);
}

TEST_F(FileBlobStoreTest, KeysCannotLeaveTheDirectory) {
  auto store = open();
  for (const std::string& key : std::vector<std::string>{"", ".", "..", "../x", "a/b", ".tmp-1-1", "a\n",
                                                         std::string(129, 'a'), std::string("a\0", 2)}) {
    EXPECT_EQ(store->open_partial(key, PartialMode::create).error().code(), ErrorCode::invalid) << key;
    EXPECT_EQ(store->stat_partial(key).error().code(), ErrorCode::invalid) << key;
  }
}

TEST_F(FileBlobStoreTest, RemovesWhatACrashLeftButNotWhatIsBeingWritten) {
  auto store = open();
  ASSERT_TRUE(write_file_atomically(directory_ / "uploads/.tmp-1-1", "left over"));
  auto writer = store->create();
  ASSERT_TRUE(writer && (*writer)->write(as_bytes("x")));
  auto second = open();
  EXPECT_FALSE(std::filesystem::exists(directory_ / "uploads/.tmp-1-1"));
  EXPECT_TRUE((*writer)->commit(sha256("x")));
}

TEST_F(FileBlobStoreTest, ASweepSparesWhatWasUsedSinceItBegan) {
  auto store = open();
  for (const std::string_view text : {"old", "touched", "pushed again"})
    ASSERT_TRUE(store->put(as_bytes(text)));
  auto sweep = store->begin_sweep();
  ASSERT_TRUE(sweep);
  EXPECT_EQ(store->begin_sweep().error().code(), ErrorCode::conflict);
  ASSERT_TRUE(store->touch(sha256("touched")));
  ASSERT_TRUE(store->put(as_bytes("pushed again")));
  ASSERT_TRUE(store->put(as_bytes("new")));
  for (const std::string_view text : {"old", "touched", "pushed again", "new"}) {
    EXPECT_EQ(*(*sweep)->remove_if_unused(sha256(text), kFuture), text == "old") << text;
  }
  sweep->reset();
  EXPECT_EQ(store->count(), 3u);
  auto again = store->begin_sweep();
  ASSERT_TRUE(again);
  EXPECT_FALSE(*(*again)->remove_if_unused(sha256("new"), kFuture - std::chrono::hours(2)));  // in its grace
  EXPECT_TRUE(*(*again)->remove_if_unused(sha256("new"), kFuture));
}

TEST_F(FileBlobStoreTest, ASweepSparesWhatIsBeingReadAndItsGraceCountsFromThen) {
  auto store = open();
  ASSERT_TRUE(store->put(as_bytes("slow")));
  std::optional<BlobReader> reader = std::move(*store->open(sha256("slow")));
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(5);
  std::filesystem::last_write_time(store->path_of(sha256("slow")), long_ago);
  EXPECT_TRUE(FileBlobStore::is_touch_due(*reader));
  const WallTime hour_ago = system_clock().wall() - std::chrono::hours(1);
  {
    auto sweep = std::move(*store->begin_sweep());
    EXPECT_FALSE(*sweep->remove_if_unused(sha256("slow"), hour_ago));
    reader.reset();
    EXPECT_TRUE(sweep->used_since_start(sha256("slow"))) << "for the whole pass";
    EXPECT_FALSE(*sweep->remove_if_unused(sha256("slow"), kFuture));
  }
  auto again = std::move(*store->begin_sweep());
  EXPECT_FALSE(*again->remove_if_unused(sha256("slow"), hour_ago)) << "whoever was cut off comes back";
  EXPECT_TRUE(*again->remove_if_unused(sha256("slow"), kFuture)) << "its lock went with its reader";
}

TEST_F(FileBlobStoreTest, ABlobCanBeReadWhileItsWriterIsStillThere) {
  auto store = open();
  auto writer = store->open_partial("key", PartialMode::create);
  ASSERT_TRUE(writer && (*writer)->write(as_bytes("x")) && (*writer)->commit(sha256("x")));
  EXPECT_EQ(*store->read(sha256("x"), 1), "x");
}

TEST_F(FileBlobStoreTest, ManyThreadsMayWriteTheSameBlobs) {
  auto store = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const std::string text = "blob " + std::to_string(i);
        auto writer = store->create();
        ASSERT_TRUE(writer && (*writer)->write(as_bytes(text)));
        EXPECT_TRUE((*writer)->commit(sha256(text)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store->count(), 20u);
  EXPECT_EQ(files_in_uploads(), 0u);
}

}  // namespace
}  // namespace stratus::store
