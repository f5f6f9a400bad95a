#include "stratus/server/release_reader.hpp"

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/release_verifier.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::server {
namespace {

namespace media = oci::media;

class ReleaseReaderTest : public ::testing::Test {
 protected:
  ReleaseReaderTest()
      : blobs_(std::move(*store::FileBlobStore::open(directory_.path()))),
        repositories_(std::move(*store::RepositoryStore::open(directory_.path(), *blobs_))) {}

  oci::Descriptor blob(std::string_view type, std::string_view content) {
    EXPECT_TRUE(blobs_->put(as_bytes(content)));
    EXPECT_TRUE(repositories_->link_blob("app", sha256(content)));
    oci::Descriptor descriptor;
    descriptor.media_type = type;
    descriptor.digest = sha256(content);
    descriptor.size = content.size();
    return descriptor;
  }
  Digest push(const oci::Manifest& manifest) {
    const auto pushed =
        repositories_->put_manifest("app", oci::encode_manifest(manifest), media::kManifest, {}, {});
    EXPECT_TRUE(pushed) << pushed.error().text();
    return pushed->digest;
  }
  Digest push_image(const std::string& layer, std::size_t diff_ids = 1) {
    oci::ImageConfig config;
    config.architecture = "amd64";
    config.diff_ids.assign(diff_ids, sha256(layer));
    oci::Manifest manifest;
    manifest.media_type = media::kManifest;
    manifest.config = blob(media::kConfig, oci::encode_image_config(config));
    manifest.layers = {blob(media::kLayerTar, layer)};
    return push(manifest);
  }
  oci::Manifest artifact(const Digest& subject, std::string_view type) {
    oci::Manifest manifest;
    manifest.media_type = media::kManifest;
    manifest.artifact_type = type;
    manifest.config = blob(media::kEmpty, "{}");
    oci::Descriptor of;
    of.media_type = media::kManifest;
    of.digest = subject;
    of.size = 1;
    manifest.subject = of;
    return manifest;
  }

  stratus::testing::TemporaryDirectory directory_;
  std::unique_ptr<store::FileBlobStore> blobs_;
  std::unique_ptr<store::RepositoryStore> repositories_;
};

TEST_F(ReleaseReaderTest, PutsTheAnswerTogether) {
  const Digest base = push_image("old"), other = push_image("other"), target = push_image("new");
  oci::Manifest signature = artifact(target, media::kSignature);
  signature.layers = {blob(media::kSimpleSigning, "payload")};
  signature.annotations.emplace(media::kSignatureAnnotation, to_base64(as_bytes("signed")));
  signature.annotations.emplace(media::kKeyIdAnnotation, "key");
  push(signature);
  oci::Manifest broken = signature;
  broken.annotations[std::string(media::kSignatureAnnotation)] = "###";
  push(broken);
  // What devices refuse to parse must not be in the answer: they would refuse the release with it.
  oci::Manifest long_key = signature;
  long_key.annotations[std::string(media::kKeyIdAnnotation)] = std::string(65, 'k');
  push(long_key);
  oci::Manifest long_signature = signature;
  long_signature.annotations[std::string(media::kSignatureAnnotation)] = to_base64(Bytes(257));
  push(long_signature);
  oci::Manifest delta = artifact(target, media::kDelta);
  delta.annotations.emplace(media::kDeltaBaseAnnotation, base.text());
  delta.layers = {blob(media::kDelta, "recipe")};
  delta.layers[0].annotations.emplace(media::kDeltaDiffIdAnnotation, sha256("new").text());
  push(delta);

  const auto answer = read_next(*repositories_, {"app", "2", target, base});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(sha256(answer->next.manifest), target);
  ASSERT_EQ(answer->next.signatures.size(), 1u);  // the broken one does not stand in the way
  EXPECT_EQ(answer->next.signatures[0].payload, "payload");
  EXPECT_EQ(as_text(answer->next.signatures[0].signature), "signed");
  EXPECT_EQ(answer->next.signatures[0].key_id, "key");
  ASSERT_EQ(answer->next.deltas.size(), 1u);
  EXPECT_EQ(answer->next.deltas[0].blob, sha256("recipe"));
  EXPECT_EQ(answer->next.deltas[0].base, base);
  EXPECT_FALSE(answer->delta_missing);
  EXPECT_TRUE(wire::parse_next(wire::encode_next(answer->next)));

  const auto from_other = read_next(*repositories_, {"app", "2", target, other});
  EXPECT_TRUE(from_other->next.deltas.empty());
  EXPECT_TRUE(from_other->delta_missing);
  EXPECT_FALSE(read_next(*repositories_, {"app", "2", target, {}})->delta_missing);
  EXPECT_FALSE(read_next(*repositories_, {"app", "2", target, sha256("unknown")})->delta_missing);
  EXPECT_EQ(read_next(*repositories_, {"app", "2", sha256("gone"), {}}).error().code(), ErrorCode::not_found);
}

TEST_F(ReleaseReaderTest, OffersTheNewestSignatureOfEachKeyForTheVersion) {
  const Digest target = push_image("new");
  const auto sign = [&](const char* key, const char* version, std::uint64_t counter) {
    oci::Manifest signature = artifact(target, media::kSignature);
    const std::string payload = crypto::encode_statement({"app", target, version, counter});
    signature.layers = {blob(media::kSimpleSigning, payload)};
    signature.annotations.emplace(media::kSignatureAnnotation, to_base64(as_bytes("signed")));
    signature.annotations.emplace(media::kKeyIdAnnotation, key);
    push(signature);
  };
  sign("a", "1", 5);
  sign("a", "2", 8);
  sign("a", "2", 30);
  sign("a", "2", 9);
  sign("b", "2", 7);
  const auto second = read_next(*repositories_, {"app", "2", target, {}});
  ASSERT_EQ(second->next.signatures.size(), 2u);
  EXPECT_EQ(second->next.signatures[0].key_id, "a");
  EXPECT_EQ(second->next.signatures[0].counter, 30u);
  EXPECT_EQ(second->next.signatures[1].counter, 7u);
  EXPECT_EQ(second->next.signatures[0].payload, "");  // the device can put it together itself
  const auto first = read_next(*repositories_, {"app", "1", target, {}});
  ASSERT_EQ(first->next.signatures.size(), 1u);
  EXPECT_EQ(first->next.signatures[0].counter, 5u);
  // An encoding of another signer travels as it is.
  oci::Manifest foreign = artifact(target, media::kSignature);
  std::string payload = crypto::encode_statement({"app", target, "2", 99});
  payload.insert(payload.size() - 2, R"(,"by":"another tool")");
  foreign.layers = {blob(media::kSimpleSigning, payload)};
  foreign.annotations.emplace(media::kSignatureAnnotation, to_base64(as_bytes("signed")));
  foreign.annotations.emplace(media::kKeyIdAnnotation, "c");
  push(foreign);
  EXPECT_EQ(read_next(*repositories_, {"app", "2", target, {}})->next.signatures.back().payload, payload);
  // For no version at all: all of them, so that the device can say what is wrong.
  EXPECT_EQ(read_next(*repositories_, {"app", "3", target, {}})->next.signatures.size(), 6u);
}

TEST_F(ReleaseReaderTest, AnEmptyDeltaMeansThatNothingSmallerWasFound) {
  const Digest base = push_image("old"), target = push_image("new");
  oci::Manifest delta = artifact(target, media::kDelta);
  delta.annotations.emplace(media::kDeltaBaseAnnotation, base.text());
  const Digest pushed = push(delta);
  EXPECT_EQ(**find_delta(*repositories_, "app", target, base), pushed);
  const auto answer = read_next(*repositories_, {"app", "2", target, base});
  EXPECT_TRUE(answer->next.deltas.empty());
  EXPECT_FALSE(answer->delta_missing);
}

TEST_F(ReleaseReaderTest, OnlyWhatDevicesCanRunIsARelease) {
  EXPECT_TRUE(check_release(*repositories_, "app", push_image("good")));
  EXPECT_EQ(check_release(*repositories_, "app", push_image("bad", 2)).error().code(), ErrorCode::invalid);
  EXPECT_EQ(check_release(*repositories_, "app", push(artifact(sha256("x"), "a/b"))).error().code(),
            ErrorCode::invalid);
  EXPECT_EQ(check_release(*repositories_, "app", sha256("x")).error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace stratus::server
