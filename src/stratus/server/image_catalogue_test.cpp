#include "stratus/server/image_catalogue.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/oci/tar_testing.hpp"

namespace stratus::server {
namespace {

using oci::testing::directory;
using oci::testing::file;
using oci::testing::hard_link;
using oci::testing::Member;
using oci::testing::symlink;
using oci::testing::tar_of;

class ImageCatalogueTest : public ::testing::Test {
 protected:
  ImageCatalogueTest()
      : blobs_(std::move(*store::FileBlobStore::open(directory_ / "store"))),
        repositories_(std::move(*store::RepositoryStore::open(directory_ / "store", *blobs_))) {
    reopen();
  }
  void reopen() { images_ = std::move(*ImageCatalogue::open(directory_ / "index", *repositories_)); }

  oci::Descriptor put(const std::string& bytes, std::string_view type) {
    EXPECT_TRUE(blobs_->put(as_bytes(bytes)));
    oci::Descriptor descriptor;
    descriptor.media_type = type;
    descriptor.digest = sha256(std::string_view(bytes));
    descriptor.size = bytes.size();
    EXPECT_TRUE(repositories_->link_blob("app", descriptor.digest));
    return descriptor;
  }
  ImageFacts push(const std::vector<std::string>& layers) {
    oci::Manifest manifest;
    manifest.media_type = oci::media::kManifest;
    oci::ImageConfig config;
    config.architecture = "amd64";
    for (const std::string& layer : layers) {
      manifest.layers.push_back(put(layer, oci::media::kLayerTar));
      config.diff_ids.push_back(manifest.layers.back().digest);
    }
    manifest.config = put(oci::encode_image_config(config), oci::media::kConfig);
    const auto pushed = repositories_->put_manifest("app", oci::encode_manifest(manifest),
                                                    oci::media::kManifest, std::nullopt, std::nullopt);
    EXPECT_TRUE(pushed) << pushed.error().text();
    auto facts = images_->image("app", pushed->digest);
    EXPECT_TRUE(facts) << facts.error().text();
    return **facts;
  }
  static std::vector<std::string> lines(const FileList& list) {
    std::vector<std::string> out;
    for (const FileRow& row : list.rows) out.push_back(row.change + " " + row.path);
    return out;
  }
  using Lines = std::vector<std::string>;

  stratus::testing::TemporaryDirectory directory_;
  std::unique_ptr<store::FileBlobStore> blobs_;
  std::unique_ptr<store::RepositoryStore> repositories_;
  std::unique_ptr<ImageCatalogue> images_;
};

TEST_F(ImageCatalogueTest, ALayerIsComparedWithWhatIsBelowIt) {
  const std::string base = tar_of({directory("etc"), file("etc/a", "one"), file("etc/b", "two"),
                                   file("etc/c", "3"), directory("old"), file("old/x", "x")});
  const std::string top =
      tar_of({directory("etc"), file("etc/a", "one"), file("etc/b", "twofold"), file("etc/.wh.c"),
              symlink("etc/d", "a"), directory("old"), file("old/.wh..wh..opq")});
  const ImageFacts image = push({base, top});
  const auto first = images_->layer_files(image, 0);
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ((*first)->sums.at("added").paths, 6u);
  EXPECT_EQ((*first)->sums.at("added").bytes, 8u);
  const auto second = images_->layer_files(image, 1);
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_EQ(lines(**second), (Lines{"same /etc", "same /etc/a", "changed /etc/b", "removed /etc/c",
                                    "added /etc/d", "same /old", "opaque /old"}));
  EXPECT_EQ((*second)->rows[2].size, 7u);
  EXPECT_EQ((*second)->rows[2].size_before, 3u);
  EXPECT_EQ((*second)->rows[4].target, "a");
}

TEST_F(ImageCatalogueTest, TwoImagesDifferInWhatAProgramSees) {
  const std::string base = tar_of({file("a", "one"), file("b", "two"), file("c", "three")});
  const ImageFacts older = push({base});
  const ImageFacts newer =
      push({base, tar_of({file("b", "2"), file(".wh.c"), file("d", "four"), file("a", "one")})});
  const auto list = images_->compare(older, newer);
  ASSERT_TRUE(list) << list.error().text();
  EXPECT_EQ(lines(**list), (Lines{"changed /b", "removed /c", "added /d"}));
  EXPECT_EQ((*list)->sums.at("removed").bytes, 5u);
  EXPECT_TRUE((*images_->compare(newer, newer))->rows.empty());
}

TEST_F(ImageCatalogueTest, IndexesOutliveARestartAndDamage) {
  const ImageFacts image = push({tar_of({file("a", "one")})});
  ASSERT_TRUE(images_->layer_files(image, 0));
  const auto index = directory_ / "index" / (image.layers[0].diff_id.hex() + ".index");
  ASSERT_TRUE(std::filesystem::exists(index));
  std::ofstream(index) << "nonsense";
  reopen();
  EXPECT_EQ(lines(**images_->layer_files(image, 0)), (Lines{"added /a"}));
  // From the file alone.
  reopen();
  std::filesystem::remove_all(directory_ / "store" / "blobs");
  EXPECT_EQ(lines(**images_->layer_files(image, 0)), (Lines{"added /a"}));
}

TEST_F(ImageCatalogueTest, ALayerThatIsNotWhatTheImageSaysIsRefused) {
  ImageFacts image = push({tar_of({file("a", "one")})});
  image.layers[0].diff_id = sha256(std::string_view("another"));
  EXPECT_EQ(images_->layer_files(image, 0).error().code(), ErrorCode::corrupt);
  EXPECT_EQ(images_->image("other", image.digest).error().code(), ErrorCode::not_found)
      << "a digest alone does not open another repository";
}

TEST_F(ImageCatalogueTest, KeptIndexesAreBounded) {
  LayerIndexLimits limits;
  limits.disk_bytes = 1;
  limits.entries = 1;
  auto indexes = LayerIndexes::open(directory_ / "small", limits, *blobs_);
  ASSERT_TRUE(indexes);
  const ImageFacts image = push({tar_of({file("a", "one")}), tar_of({file("b", "two"), file("c", "x")})});
  for (const ImageFacts::Layer& layer : image.layers) EXPECT_TRUE((*indexes)->get(layer.blob, layer.diff_id));
  EXPECT_TRUE(std::filesystem::is_empty(directory_ / "small"));
  limits.entries_of_one = 1;
  auto strict = LayerIndexes::open(directory_ / "strict", limits, *blobs_);
  EXPECT_EQ((*strict)->get(image.layers[1].blob, image.layers[1].diff_id).error().code(),
            ErrorCode::no_space);
}

}  // namespace
}  // namespace stratus::server
