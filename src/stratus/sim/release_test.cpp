#include "stratus/sim/release.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::sim {
namespace {

// A firmware file as docs/formats/artifacts.md has it.
wire::NextRelease firmware() {
  oci::Manifest manifest;
  manifest.media_type = oci::media::kManifest;
  manifest.artifact_type = "application/vnd.stratus.firmware.v1";
  manifest.config.media_type = "application/vnd.oci.empty.v1+json";
  manifest.config.digest = sha256("{}");
  manifest.config.size = 2;
  oci::Descriptor layer;
  layer.media_type = "application/vnd.stratus.firmware.file.v1";
  layer.digest = sha256("file");
  layer.size = 4;
  manifest.layers = {layer};
  wire::NextRelease next;
  next.name = "firmware/cam";
  next.version = "2";
  next.manifest = oci::encode_manifest(manifest);
  next.config = "{}";
  return next;
}

TEST(Release, AFirmwareFileIsItsOwnLayer) {
  const auto release = read_release(firmware(), "firmware/cam", nullptr);
  ASSERT_TRUE(release) << release.error().text();
  ASSERT_EQ(release->layers.size(), 1u);
  EXPECT_EQ(release->layers[0].diff_id, sha256("file"));
  EXPECT_EQ(release->layers[0].size, 4u);
  EXPECT_FALSE(read_release(firmware(), "firmware/other", nullptr));
}

TEST(Release, WhatIsNotSignedIsRefusedByWhoPinsAKey) {
  const auto key = crypto::SigningKey::generate();
  ASSERT_TRUE(key);
  const auto verifier = crypto::make_pinned_key_verifier({key->public_key()});
  wire::NextRelease next = firmware();
  const auto unsigned_one = read_release(next, "firmware/cam", verifier.get());
  ASSERT_FALSE(unsigned_one);
  EXPECT_EQ(unsigned_one.error().code(), ErrorCode::denied);
  const auto signature = crypto::sign_statement({"firmware/cam", sha256(next.manifest), "2", 9}, *key);
  ASSERT_TRUE(signature);
  next.signatures = {{signature->key_id, signature->payload, signature->signature, 0}};
  const auto release = read_release(next, "firmware/cam", verifier.get());
  ASSERT_TRUE(release) << release.error().text();
  EXPECT_EQ(release->counter, 9u);
  next.version = "3";
  EXPECT_FALSE(read_release(next, "firmware/cam", verifier.get()));
}

TEST(Shelf, SharesWhatWasProven) {
  const auto key = crypto::SigningKey::generate();
  ASSERT_TRUE(key);
  ReleaseShelf shelf(crypto::make_pinned_key_verifier({key->public_key()}));
  wire::NextRelease next = firmware();
  const auto signature = crypto::sign_statement({"firmware/cam", sha256(next.manifest), "2", 9}, *key);
  ASSERT_TRUE(signature);
  next.signatures = {{signature->key_id, "", signature->signature, 9}};
  const auto first = shelf.take(next, "firmware/cam");
  ASSERT_TRUE(first) << first.error().text();
  const auto second = shelf.take(next, "firmware/cam");
  ASSERT_TRUE(second);
  EXPECT_EQ(first->get(), second->get());
  next.signatures[0].counter = 10;  // another statement, which nobody signed
  EXPECT_FALSE(shelf.take(next, "firmware/cam"));
}

TEST(Needs, CountWhatIsInstalledAndWhatIsHere) {
  Release release;
  release.layers = {{sha256("a"), sha256("a.gz"), 10}, {sha256("b"), sha256("b.gz"), 20}};
  Release current;
  current.manifest = sha256("old");
  current.layers = {{sha256("a"), sha256("a.gz"), 10}};
  const std::vector<wire::DeltaOffer> offers{{sha256("old"), sha256("b"), sha256("delta"), 5}};
  const auto here = [](const Digest& blob) { return blob == sha256("b.gz") ? 7u : 0u; };
  const auto needs = needs_of(release, &current, false, offers, here);
  ASSERT_EQ(needs.size(), 2u);
  EXPECT_TRUE(needs[0].installed);
  EXPECT_FALSE(needs[1].installed);
  EXPECT_EQ(needs[1].blob.here, 7u);
  EXPECT_FALSE(needs[1].delta);
  EXPECT_TRUE(needs_of(release, &current, true, offers, here)[1].delta);
  EXPECT_FALSE(needs_of(release, nullptr, true, offers, here)[1].delta);
}

}  // namespace
}  // namespace stratus::sim
