#include "stratus/store/manifest_refs.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::store {
namespace {

std::string descriptor(const std::string& type = "application/octet-stream") {
  return R"({"mediaType":")" + type + R"(","digest":")" + sha256("x").text() + R"(","size":1})";
}

TEST(ManifestRefs, ReadsAnImageManifest) {
  const std::string text = R"({"schemaVersion":2,"config":)" + descriptor("c/x") + R"(,"layers":[)" +
                           descriptor() + R"(],"subject":)" + descriptor() + R"(,"annotations":{"a":"b"}})";
  const auto refs = parse_manifest_refs(text, "");
  ASSERT_TRUE(refs) << refs.error().text();
  EXPECT_EQ(refs->media_type, oci::media::kManifest);
  EXPECT_FALSE(refs->is_index);
  EXPECT_EQ(refs->blobs.size(), 2u);
  EXPECT_EQ(refs->subject, sha256("x"));
  EXPECT_EQ(refs->artifact_type, "c/x");
  EXPECT_EQ(refs->annotations.at("a"), "b");
  EXPECT_EQ(parse_manifest_refs(text, oci::media::kDockerManifest)->media_type, oci::media::kDockerManifest);
  EXPECT_FALSE(parse_manifest_refs(text, oci::media::kIndex));
  EXPECT_FALSE(parse_manifest_refs(text, "text/plain"));
}

TEST(ManifestRefs, ReadsAnIndex) {
  const std::string text = R"({"schemaVersion":2,"artifactType":"a/b","manifests":[)" + descriptor() + "]}";
  const auto refs = parse_manifest_refs(text, oci::media::kIndex);
  ASSERT_TRUE(refs) << refs.error().text();
  EXPECT_TRUE(refs->is_index);
  EXPECT_EQ(refs->artifact_type, "a/b");
  EXPECT_EQ(refs->manifests.size(), 1u);
}

TEST(ManifestRefs, KnowsLayersThatNeedNotBeHere) {
  oci::Descriptor layer;
  layer.media_type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
  EXPECT_TRUE(is_foreign(layer));
  layer.media_type = oci::media::kLayerGzip;
  EXPECT_FALSE(is_foreign(layer));
}

}  // namespace
}  // namespace stratus::store
