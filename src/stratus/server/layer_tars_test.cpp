#include "stratus/server/layer_tars.hpp"

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/store/file_blob_store.hpp"

namespace stratus::server {
namespace {

class LayerTarsTest : public ::testing::Test {
 protected:
  LayerTarsTest() : blobs_(std::move(*store::FileBlobStore::open(directory_ / "store"))) {}

  std::unique_ptr<LayerTars> open(std::uint64_t limit) {
    return std::move(*LayerTars::open(directory_ / "scratch", limit, *blobs_));
  }
  oci::Descriptor layer(const std::string& content) {
    EXPECT_TRUE(blobs_->put(as_bytes(content)));
    oci::Descriptor descriptor;
    descriptor.media_type = oci::media::kLayerTar;
    descriptor.digest = sha256(content);
    descriptor.size = content.size();
    return descriptor;
  }

  stratus::testing::TemporaryDirectory directory_;
  std::unique_ptr<store::FileBlobStore> blobs_;
};

TEST_F(LayerTarsTest, KeepsWhatIsHeldAndForgetsTheRest) {
  auto tars = open(10);
  const auto first = tars->get(layer("12345678"), sha256("12345678"));
  ASSERT_TRUE(first);
  {
    const auto second = tars->get(layer("abcdefgh"), sha256("abcdefgh"));
    ASSERT_TRUE(second);
    EXPECT_TRUE(std::filesystem::exists((*first)->path));
    EXPECT_TRUE(std::filesystem::exists((*second)->path));
  }
  const auto third = tars->get(layer("x"), sha256("x"));
  EXPECT_TRUE(std::filesystem::exists((*first)->path));
  EXPECT_EQ(tars->bytes(), 9u);  // the second went
}

TEST_F(LayerTarsTest, RefusesALayerThatIsNotWhatTheImageSays) {
  auto tars = open(1000);
  EXPECT_EQ(tars->get(layer("damaged"), sha256("as built")).error().code(), ErrorCode::corrupt);
  oci::Descriptor gzip = layer("not gzip");
  gzip.media_type = oci::media::kLayerGzip;
  EXPECT_FALSE(tars->get(gzip, sha256("x")));
  gzip.media_type = "application/x-foreign";
  EXPECT_EQ(tars->get(gzip, sha256("x")).error().code(), ErrorCode::invalid);
  EXPECT_TRUE(std::filesystem::is_empty(directory_ / "scratch"));
  EXPECT_EQ(tars->bytes(), 0u);
}

}  // namespace
}  // namespace stratus::server
