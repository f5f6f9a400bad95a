#include "stratus/agent/release.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::agent {
namespace {

// A signed release with one layer, as a server offers it.
struct Offer {
  crypto::SigningKey key = *crypto::SigningKey::generate();
  wire::NextRelease next;
  std::string config;

  Offer() {
    oci::ImageConfig image;
    image.architecture = oci::this_architecture();
    image.cmd = {"/bin/x"};
    image.diff_ids = {sha256("layer")};
    config = oci::encode_image_config(image);
    oci::Manifest manifest;
    manifest.media_type = oci::media::kManifest;
    manifest.config = {std::string(oci::media::kConfig), sha256(config), config.size(), {}, "", {}, false};
    manifest.layers = {{std::string(oci::media::kLayerTar), sha256("layer"), 5, {}, "", {}, false}};
    next.name = "web";
    next.version = "1";
    next.manifest = oci::encode_manifest(manifest);
    next.config = config;
    sign(7);
  }
  void sign(std::uint64_t counter) {
    crypto::ReleaseStatement statement;
    statement.name = "web";
    statement.manifest = sha256(next.manifest);
    statement.version = "1";
    statement.counter = counter;
    const auto signature = crypto::sign_statement(statement, key);
    next.signatures = {{signature->key_id, signature->payload, signature->signature}};
  }
  Result<Release> check(std::uint64_t floor) const {
    std::vector<crypto::PublicKey> keys{key.public_key()};
    return check_release(next, "web", *crypto::make_pinned_key_verifier(std::move(keys)), floor);
  }
};

TEST(CheckRelease, ALowerCounterThanWhatRanHereIsRefused) {
  Offer offer;
  for (const std::uint64_t floor : {0, 6, 7}) {
    const auto checked = offer.check(floor);
    ASSERT_TRUE(checked) << checked.error().text();
    EXPECT_EQ(checked->counter, 7U);
  }
  const auto refused = offer.check(8);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::denied) << "it may be signed anew";
  EXPECT_NE(refused.error().text().find("counter is 7, this device has committed 8"), std::string::npos)
      << refused.error().text();
  offer.sign(9);
  EXPECT_TRUE(offer.check(8));
}

// A gateway may put another configuration beside a good manifest: that is no reason to blame the release.
TEST(CheckRelease, AnotherConfigurationIsCorruptAndNotInvalid) {
  Offer offer;
  offer.next.config.insert(1, " ");
  EXPECT_EQ(offer.check(0).error().code(), ErrorCode::corrupt);
  offer.next.config = "rubbish";
  EXPECT_EQ(offer.check(0).error().code(), ErrorCode::corrupt);
}

// A signature says who made it, not that it is sound: a key in the wrong hands, or a careless pipeline.
TEST(CheckRelease, ASignedManifestThatNobodyShouldReadIsInvalidAndSaysWhy) {
  const std::string good = Offer().next.manifest;
  const auto replaced = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const std::string tar(oci::media::kLayerTar), nested(64, '[');
  const std::vector<std::pair<std::string, std::string>> bad{
      {replaced("\"schemaVersion\":2", "\"schemaVersion\":2,\"layers\":[]"), "twice"},
      {replaced("\"schemaVersion\":2", "\"schemaVersion\":2,\"x\":" + nested + std::string(64, ']')), "deep"},
      {replaced("\"schemaVersion\":2", "\"schemaVersion\":1"), "schemaVersion"},
      {replaced(std::string(oci::media::kConfig), "application/vnd.cncf.helm.config.v1+json"), "helm"},
      {replaced(tar, "application/vnd.oci.image.layer.v1.tar+encrypted"), "encrypted"},
      {replaced("\"size\":5", "\"size\":5,\"urls\":[\"https://elsewhere/layer\"]"), "urls"},
      {replaced("\"size\":5", "\"size\":-5"), "size"},
      {replaced("\"layers\"", "\"manifests\":[],\"layers\""), "index"},
      {"{", "JSON"},
  };
  for (const auto& [manifest, word] : bad) {
    Offer offer;
    offer.next.manifest = manifest;
    offer.sign(7);
    const auto checked = offer.check(0);
    ASSERT_FALSE(checked) << manifest;
    EXPECT_EQ(checked.error().code(), ErrorCode::invalid) << checked.error().text();
    EXPECT_NE(checked.error().text().find(word), std::string::npos) << word << ": " << checked.error().text();
  }
}

TEST(CheckRelease, AnotherKeyOrNoneIsDenied) {
  Offer offer;
  const Offer stranger;
  offer.next.signatures = stranger.next.signatures;
  EXPECT_EQ(offer.check(0).error().code(), ErrorCode::denied);
  offer.next.signatures.clear();
  EXPECT_EQ(offer.check(0).error().code(), ErrorCode::denied);
}

}  // namespace
}  // namespace stratus::agent
