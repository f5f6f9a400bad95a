#include "stratus/cli/signature.hpp"

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::cli {
namespace {

// Versions of one name in a layout, newest first.
class Shop {
 public:
  Shop() {
    target_ = std::move(*open_layout_target(directory_.path() / "layout"));
    EXPECT_TRUE(target_->put_text("web", "{}"));
  }
  // Signed with `after` + 1, or the time if that is later.
  void publish(const std::string& version, std::uint64_t after) {
    oci::Manifest manifest;
    manifest.media_type = oci::media::kManifest;
    manifest.config = describe(oci::media::kConfig, "{}");
    manifest.annotations.emplace("version", version);  // so that each is another image
    const std::string text = oci::encode_manifest(manifest);
    const oci::Descriptor image = describe(manifest.media_type, text);
    const auto put = target_->put_manifest("web", version, text, manifest.media_type);
    ASSERT_TRUE(put) << put.error().text();
    const auto sent = send_signature(*target_, "web", version, image, key_, {after, false});
    ASSERT_TRUE(sent) << sent.error().text();
    versions_.insert(versions_.begin(), {version, image.digest, false});
  }
  void set_target(const std::string& version) {
    for (PublishedVersion& one : versions_) one.is_target = one.version == version;
  }
  std::uint64_t newest() {
    const auto counter = newest_counter(*target_, "web", versions_, key_.public_key());
    EXPECT_TRUE(counter) << counter.error().text();
    return counter ? *counter : 0;
  }

 private:
  testing::TemporaryDirectory directory_;
  crypto::SigningKey key_ = *crypto::SigningKey::generate();
  std::unique_ptr<ImageTarget> target_;
  std::vector<PublishedVersion> versions_;
};

constexpr std::uint64_t kFuture = 50'000'000'000;  // seconds since 1970, beyond any clock's

// Somebody went back to version 1, on a machine whose clock is ahead: what is published next must not be
// older for the devices, however long the list of versions has grown.
TEST(NewestCounter, LooksAtTheTargetHoweverOldItIs) {
  Shop shop;
  shop.publish("1", kFuture);
  for (const char* const version : {"2", "3", "4", "5"}) shop.publish(version, 0);
  EXPECT_LT(shop.newest(), kFuture) << "1 is not among the newest";
  shop.set_target("1");
  EXPECT_EQ(shop.newest(), kFuture + 1);
}

TEST(NewestCounter, LooksAtTheNewestVersionsWithoutATarget) {
  Shop shop;
  EXPECT_EQ(shop.newest(), 0u);
  shop.publish("1", 0);
  shop.publish("2", kFuture);
  shop.publish("3", 0);
  EXPECT_EQ(shop.newest(), kFuture + 1);
}

}  // namespace
}  // namespace stratus::cli
