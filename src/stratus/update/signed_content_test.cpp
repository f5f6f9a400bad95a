#include "stratus/update/signed_content.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::update {
namespace {

namespace media = oci::media;

class SignedContentTest : public ::testing::Test {
 protected:
  SignedContentTest() : verifier_(crypto::make_pinned_key_verifier({key_.public_key()})) {
    item_.id = "01KA";
    item_.title = "summer";
    item_.files = {{"original", "a.png", sha256("picture"), 7, "/a"},
                   {"display", "a.bin", sha256("binary"), 6, "/b"}};
    oci::Manifest manifest;
    manifest.media_type = media::kManifest;
    manifest.artifact_type = media::kContent;
    manifest.config.media_type = media::kEmpty;
    manifest.config.digest = sha256("{}");
    manifest.config.size = 2;
    manifest.layers = {layer(media::kContentOriginal, "picture"), layer(media::kContentDisplay, "binary")};
    use(manifest);
    sign("content", "01KA");
  }
  static oci::Descriptor layer(std::string_view type, std::string_view bytes) {
    oci::Descriptor made;
    made.media_type = type;
    made.digest = sha256(bytes);
    made.size = bytes.size();
    return made;
  }
  void use(const oci::Manifest& manifest) {
    item_.manifest_text = oci::encode_manifest(manifest);
    item_.manifest = sha256(item_.manifest_text);
  }
  void sign(const std::string& name, const std::string& version) { sign(name, version, key_); }
  void sign(const std::string& name, const std::string& version, const crypto::SigningKey& key) {
    const auto made = crypto::sign_statement({name, item_.manifest, version, 7}, key);
    ASSERT_TRUE(made);
    item_.signatures = {{made->key_id, made->payload, made->signature, 0}};
  }
  ErrorCode refusal() const {
    const auto checked = check_content(item_, *verifier_);
    return checked ? ErrorCode::cancelled : checked.error().code();
  }

  crypto::SigningKey key_ = crypto::SigningKey::generate().value();
  std::unique_ptr<crypto::ReleaseVerifier> verifier_;
  wire::ContentItem item_;
};

TEST_F(SignedContentTest, TakesWhatWasSigned) {
  EXPECT_TRUE(check_content(item_, *verifier_));
  const auto read = wire::parse_content_order(wire::encode_content_order({"", {}, 0, {item_}}));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_TRUE(check_content(read->items[0], *verifier_)) << "after its way over the wire";
}

TEST_F(SignedContentTest, NotWithoutASignatureOfATrustedKey) {
  sign("content", "01KA", crypto::SigningKey::generate().value());
  EXPECT_EQ(refusal(), ErrorCode::denied);
  item_.signatures.clear();
  EXPECT_EQ(refusal(), ErrorCode::denied);
  item_.manifest_text.clear();
  EXPECT_EQ(refusal(), ErrorCode::denied);
}

TEST_F(SignedContentTest, NotAsAnotherContentOrAsFirmware) {
  sign("content", "01KB");
  EXPECT_EQ(refusal(), ErrorCode::denied);
  sign("firmware/board", "01KA");
  EXPECT_EQ(refusal(), ErrorCode::denied);
}

TEST_F(SignedContentTest, NotWithAnotherManifestThanTheOneShown) {
  item_.manifest = sha256("another");
  EXPECT_EQ(refusal(), ErrorCode::denied);
}

TEST_F(SignedContentTest, NotWithOtherFiles) {
  const wire::ContentItem good = item_;
  item_.files[1].digest = sha256("something else");
  EXPECT_EQ(refusal(), ErrorCode::invalid);
  item_ = good;
  item_.files[1].size = 7;
  EXPECT_EQ(refusal(), ErrorCode::invalid);
  item_ = good;
  std::swap(item_.files[0].role, item_.files[1].role);
  EXPECT_EQ(refusal(), ErrorCode::invalid);
  item_ = good;
  item_.files.pop_back();
  EXPECT_EQ(refusal(), ErrorCode::invalid);
}

}  // namespace
}  // namespace stratus::update
