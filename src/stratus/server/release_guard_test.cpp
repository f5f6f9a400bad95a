#include "stratus/server/release_guard.hpp"

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::server {
namespace {

namespace media = oci::media;

class ReleaseGuardTest : public ::testing::Test {
 protected:
  ReleaseGuardTest()
      : blobs_(std::move(*store::FileBlobStore::open(directory_.path()))),
        repositories_(std::move(*store::RepositoryStore::open(directory_.path(), *blobs_))),
        guard_(*repositories_) {}

  oci::Descriptor blob(std::string_view type, std::string_view content) {
    EXPECT_TRUE(blobs_->put(as_bytes(content)));
    EXPECT_TRUE(repositories_->link_blob("app", sha256(content)));
    oci::Descriptor descriptor;
    descriptor.media_type = type;
    descriptor.digest = sha256(content);
    descriptor.size = content.size();
    return descriptor;
  }
  Digest push_image() {
    oci::Manifest manifest;
    manifest.media_type = media::kManifest;
    manifest.config = blob(media::kConfig, "{}");
    manifest.layers = {blob(media::kLayerTar, "layer")};
    return repositories_->put_manifest("app", oci::encode_manifest(manifest), media::kManifest, {}, {})
        ->digest;
  }
  // Whether it was removed; a refusal says `denied`.
  bool removes(const Digest& digest, const std::string& name = "app") {
    bool ran = false;
    const auto removed = guard_.unless_needed(name, digest, [&]() -> Result<void> {
      ran = true;
      return {};
    });
    EXPECT_EQ(removed.has_value(), ran);
    if (!removed) EXPECT_EQ(removed.error().code(), ErrorCode::denied);
    return ran;
  }

  stratus::testing::TemporaryDirectory directory_;
  std::unique_ptr<store::FileBlobStore> blobs_;
  std::unique_ptr<store::RepositoryStore> repositories_;
  ReleaseGuard guard_;
};

TEST_F(ReleaseGuardTest, KeepsWhatAReleaseNeeds) {
  const Digest image = push_image();
  EXPECT_TRUE(removes(image));
  guard_.hold("app", image);
  for (const Digest& needed : {image, sha256("{}"), sha256("layer")}) EXPECT_FALSE(removes(needed));
  EXPECT_TRUE(removes(sha256("something else")));
  EXPECT_TRUE(removes(sha256("layer"), "another"));
  guard_.let_go("app", image);
  EXPECT_TRUE(removes(sha256("layer")));
}

TEST_F(ReleaseGuardTest, CountsHolds) {
  const Digest image = push_image();
  guard_.hold("app", image);
  guard_.hold("app", image);  // a second version of the same contents
  guard_.let_go("app", image);
  EXPECT_FALSE(removes(image));
  guard_.let_go("app", image);
  EXPECT_TRUE(removes(image));
}

TEST_F(ReleaseGuardTest, AnUnreadableManifestHoldsUpNothingElse) {
  guard_.hold("app", sha256("never pushed"));
  EXPECT_TRUE(removes(sha256("layer")));
}

TEST_F(ReleaseGuardTest, PassesErrorsOn) {
  const auto failed =
      guard_.unless_needed("app", sha256("x"), [] { return fail(ErrorCode::not_found, "no"); });
  EXPECT_EQ(failed.error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace stratus::server
