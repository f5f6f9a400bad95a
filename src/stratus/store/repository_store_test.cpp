#include "stratus/store/repository_store.hpp"

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/store/garbage.hpp"

namespace stratus::store {
namespace {

class RepositoryStoreTest : public ::testing::Test {
 protected:
  RepositoryStoreTest() { reopen(); }

  void reopen() {
    repositories_.reset();
    blobs_ = std::move(*FileBlobStore::open(directory_.path()));
    repositories_ = std::move(*RepositoryStore::open(directory_.path(), *blobs_));
  }
  std::string blob(const std::string& name, std::string_view text) {
    EXPECT_TRUE(blobs_->put(as_bytes(text)));
    EXPECT_TRUE(repositories_->link_blob(name, sha256(text)));
    return R"({"mediaType":"application/octet-stream","digest":")" + sha256(text).text() + R"(","size":)" +
           std::to_string(text.size()) + "}";
  }
  // Pushes an image whose one layer is `layer`.
  Result<PushedManifest> push(const std::string& name, const std::string& layer,
                              std::optional<std::string> tag, const Digest& subject = {}) {
    std::string body =
        R"({"schemaVersion":2,"config":)" + blob(name, "{}") + R"(,"layers":[)" + blob(name, layer) + "]";
    if (!subject.empty()) {
      body +=
          R"(,"artifactType":"a/b","annotations":{"k":"v"},"subject":{"mediaType":"a/m","size":1,"digest":")" +
          subject.text() + R"("})";
    }
    return repositories_->put_manifest(name, body + "}", "", tag, std::nullopt);
  }
  GarbageReport collect(std::vector<GarbageRoot> roots = {}, bool dry_run = false) {
    GarbageOptions options;
    options.grace = Millis(-3'600'000);  // everything is old
    options.upload_grace = options.grace;
    options.dry_run = dry_run;
    const auto report = collect_garbage(
        *repositories_, [&]() -> Result<std::vector<GarbageRoot>> { return roots; }, options);
    EXPECT_TRUE(report) << report.error().text();
    return *report;
  }

  stratus::testing::TemporaryDirectory directory_;
  std::unique_ptr<FileBlobStore> blobs_;
  std::unique_ptr<RepositoryStore> repositories_;
};

TEST_F(RepositoryStoreTest, KeepsManifestsAndTagsOverARestart) {
  const auto pushed = push("a/b", "one", "v1");
  ASSERT_TRUE(pushed) << pushed.error().text();
  ASSERT_TRUE(push("a/b", "two", "latest"));
  reopen();
  EXPECT_EQ(repositories_->find_tag("a/b", "v1")->digest, pushed->digest);
  EXPECT_EQ(repositories_->find_manifest("a/b", pushed->digest)->media_type, oci::media::kManifest);
  EXPECT_EQ(*repositories_->tags("a/b"), (std::vector<std::string>{"latest", "v1"}));
  EXPECT_EQ(*repositories_->repositories(), std::vector<std::string>{"a/b"});
  EXPECT_EQ(repositories_->tags("a").error().code(), ErrorCode::not_found);
  EXPECT_EQ(repositories_->find_tag("a/b", "v2").error().code(), ErrorCode::not_found);
}

TEST_F(RepositoryStoreTest, RefusesAManifestWhoseBlobsAreNotInTheRepository) {
  const std::string elsewhere = blob("other", "layer");
  const std::string body =
      R"({"schemaVersion":2,"config":)" + blob("app", "{}") + R"(,"layers":[)" + elsewhere + "]}";
  EXPECT_EQ(repositories_->put_manifest("app", body, "", "v1", {}).error().code(), ErrorCode::not_found);
  ASSERT_TRUE(repositories_->link_blob("app", sha256("layer")));
  EXPECT_TRUE(repositories_->put_manifest("app", body, "", "v1", {}));
}

TEST_F(RepositoryStoreTest, RefusesAWrongLengthAndAWrongDigest) {
  (void)blob("app", "layer");
  const std::string body = R"({"schemaVersion":2,"config":)" + blob("app", "{}") +
                           R"(,"layers":[{"mediaType":"a/m","size":4,"digest":")" + sha256("layer").text() +
                           R"("}]})";
  EXPECT_EQ(repositories_->put_manifest("app", body, "", "v1", {}).error().code(), ErrorCode::invalid);
  EXPECT_EQ(repositories_->put_manifest("app", body, "", {}, sha256("x")).error().code(), ErrorCode::corrupt);
}

TEST_F(RepositoryStoreTest, NothingEscapesTheDirectory) {
  for (const char* name : {"../x", "a/../../x", "/etc", "", "_tags"}) {
    EXPECT_EQ(repositories_->link_blob(name, sha256("x")).error().code(), ErrorCode::invalid);
    EXPECT_EQ(repositories_->tags(name).error().code(), ErrorCode::invalid);
    EXPECT_EQ(repositories_->find_manifest(name, sha256("x")).error().code(), ErrorCode::invalid);
  }
  EXPECT_EQ(repositories_->find_tag("a", "../_manifests").error().code(), ErrorCode::invalid);
  EXPECT_EQ(push("a", "x", "../../up").error().code(), ErrorCode::invalid);
}

TEST_F(RepositoryStoreTest, ListsReferrersOfASubjectEvenBeforeItExists) {
  const auto image = push("app", "image", "v1");
  const auto signature = push("app", "signature", {}, image->digest);
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->subject, image->digest);
  const auto referrers = repositories_->referrers("app", image->digest);
  ASSERT_TRUE(referrers && referrers->size() == 1);
  EXPECT_EQ((*referrers)[0].manifest.digest, signature->digest);
  EXPECT_EQ((*referrers)[0].artifact_type, "a/b");
  EXPECT_EQ((*referrers)[0].annotations.at("k"), "v");
  ASSERT_TRUE(repositories_->delete_manifest("app", signature->digest));
  EXPECT_TRUE(repositories_->referrers("app", image->digest)->empty());
  ASSERT_TRUE(push("app", "early", {}, sha256("not there yet")));
  EXPECT_EQ(repositories_->referrers("app", sha256("not there yet"))->size(), 1u);
}

TEST_F(RepositoryStoreTest, AnIndexEntryWithoutItsManifestDoesNotCount) {
  const auto image = push("app", "image", "v1");
  ASSERT_TRUE(make_directories(directory_ / "repositories/app/_referrers" / image->digest.hex()));
  ASSERT_TRUE(write_file_atomically(
      directory_ / "repositories/app/_referrers" / image->digest.hex() / sha256("cut").hex(), "{}"));
  EXPECT_TRUE(repositories_->referrers("app", image->digest)->empty());
}

TEST_F(RepositoryStoreTest, DeletingAManifestTakesItsTags) {
  const auto pushed = push("app", "x", "v1");
  ASSERT_TRUE(push("app", "x", "v2"));
  ASSERT_TRUE(push("app", "y", "v3"));
  ASSERT_TRUE(repositories_->delete_tag("app", "v2"));
  EXPECT_TRUE(repositories_->find_manifest("app", pushed->digest));
  ASSERT_TRUE(repositories_->delete_manifest("app", pushed->digest));
  EXPECT_EQ(*repositories_->tags("app"), std::vector<std::string>{"v3"});
  EXPECT_EQ(repositories_->delete_manifest("app", pushed->digest).error().code(), ErrorCode::not_found);
  EXPECT_EQ(repositories_->delete_tag("app", "v1").error().code(), ErrorCode::not_found);
}

TEST_F(RepositoryStoreTest, GarbageIsWhatNoTagAndNoReleaseNeeds) {
  const auto tagged = push("app", "tagged", "v1");
  const auto signature = push("app", "signature", {}, tagged->digest);
  const auto released = push("app", "released", {});
  const auto loose = push("app", "loose", {});
  (void)blob("app", "never used");
  ASSERT_TRUE((*blobs_->open_partial("upload", PartialMode::create))->write(as_bytes("x")));
  const std::vector<GarbageRoot> roots{{"app", released->digest}};

  const std::uint64_t before = blobs_->count();
  EXPECT_EQ(collect(roots, true).blobs, 3u);  // the loose manifest, its layer, the unused blob
  EXPECT_EQ(blobs_->count(), before);

  const GarbageReport report = collect(roots);
  EXPECT_EQ(report.manifests, 1u);
  EXPECT_EQ(report.blobs, 3u);
  EXPECT_EQ(report.uploads, 1u);
  EXPECT_EQ(blobs_->count(), before - 3);
  EXPECT_TRUE(repositories_->find_blob("app", sha256("tagged")));
  EXPECT_TRUE(repositories_->find_blob("app", sha256("signature")));
  EXPECT_TRUE(repositories_->find_blob("app", sha256("released")));
  EXPECT_TRUE(repositories_->find_manifest("app", signature->digest));
  EXPECT_FALSE(repositories_->find_manifest("app", loose->digest));
  EXPECT_FALSE(repositories_->find_blob("app", sha256("loose")));
  EXPECT_EQ(collect(roots).blobs, 0u);
}

TEST_F(RepositoryStoreTest, GarbageOfOneRepositoryMayBeNeededByAnother) {
  const auto here = push("here", "shared", "v1");
  ASSERT_TRUE(push("there", "shared", "v1"));
  ASSERT_TRUE(repositories_->delete_manifest("here", here->digest));
  EXPECT_EQ(collect().blobs, 0u);
  EXPECT_FALSE(repositories_->find_blob("here", sha256("shared")));
  EXPECT_TRUE(repositories_->find_blob("there", sha256("shared")));
}

TEST_F(RepositoryStoreTest, GarbageCollectionSparesWhatWasJustUsed) {
  const auto loose = push("app", "loose", {});
  GarbageOptions options;
  options.grace = Millis(3'600'000);
  const auto report = collect_garbage(
      *repositories_, []() -> Result<std::vector<GarbageRoot>> { return std::vector<GarbageRoot>(); },
      options);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->blobs, 0u);
  EXPECT_TRUE(repositories_->find_blob("app", sha256("loose")));
}

// A file that cannot be read (no descriptors left, a failing disk) must never look like one that is not
// there.
TEST_F(RepositoryStoreTest, GarbageCollectionStopsAtWhatItCannotRead) {
  const auto tagged = push("app", "tagged", "v1");
  const auto signature = push("app", "signature", {}, tagged->digest);
  const std::filesystem::path app = directory_ / "repositories/app";
  const std::vector<std::filesystem::path> unreadable{
      app / "_tags/v1", app / "_manifests" / tagged->digest.hex(),
      app / "_referrers" / tagged->digest.hex() / signature->digest.hex()};
  GarbageOptions options;
  options.grace = Millis(-3'600'000);
  const auto no_roots = []() -> Result<std::vector<GarbageRoot>> { return std::vector<GarbageRoot>(); };
  for (const std::filesystem::path& path : unreadable) {
    std::filesystem::rename(path, directory_ / "aside");
    std::filesystem::create_directory(path);  // opens, and does not read
    const auto report = collect_garbage(*repositories_, no_roots, options);
    EXPECT_FALSE(report) << path;
    std::filesystem::remove(path);
    std::filesystem::rename(directory_ / "aside", path);
    EXPECT_TRUE(repositories_->find_blob("app", sha256("tagged"))) << path;
    EXPECT_TRUE(repositories_->find_blob("app", sha256("signature"))) << path;
  }
  EXPECT_EQ(collect().blobs, 0u);
}

// Without care this is 200 to the power of 6 visits, under the lock of all pushes.
TEST_F(RepositoryStoreTest, AnIndexThatListsTheSameChildManyTimesIsVisitedOnce) {
  const auto image = push("app", "image", {});
  ASSERT_TRUE(image);
  Digest child = image->digest;
  std::string media_type(oci::media::kManifest);
  for (int depth = 0; depth < 6; ++depth) {
    const auto info = repositories_->find_manifest("app", child);
    ASSERT_TRUE(info);
    std::string entries;
    for (int i = 0; i < 200; ++i) {
      entries += (i > 0 ? "," : "") + (R"({"mediaType":")" + media_type + R"(","digest":")") + child.text() +
                 R"(","size":)" + std::to_string(info->size) + "}";
    }
    const std::string body = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",)"
                             R"("manifests":[)" +
                             entries + "]}";
    const auto pushed = repositories_->put_manifest("app", body, "", std::nullopt, std::nullopt);
    ASSERT_TRUE(pushed) << pushed.error().text();
    child = pushed->digest;
    media_type = oci::media::kIndex;
  }
}

// The order that could lose an image: marked as garbage, then tagged, then swept.
TEST_F(RepositoryStoreTest, WhatIsTaggedWhileGarbageIsMarkedStays) {
  ASSERT_TRUE(push("app", "loose", {}));
  GarbageOptions options;
  options.grace = Millis(-3'600'000);
  options.after_mark = [&] { ASSERT_TRUE(push("app", "loose", "v1")); };
  const auto report = collect_garbage(
      *repositories_, []() -> Result<std::vector<GarbageRoot>> { return std::vector<GarbageRoot>(); },
      options);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->blobs, 0u);
  EXPECT_TRUE(repositories_->find_tag("app", "v1"));
  EXPECT_TRUE(repositories_->find_blob("app", sha256("loose")));
}

}  // namespace
}  // namespace stratus::store
