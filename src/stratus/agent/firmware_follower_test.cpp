#include "stratus/agent/firmware_follower.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/wire/next.hpp"

namespace stratus::agent {
namespace {

// A signed firmware, as a server offers it.
struct Offer {
  crypto::SigningKey key = *crypto::SigningKey::generate();
  oci::Manifest manifest;
  wire::NextRelease next;

  Offer() {
    manifest.media_type = oci::media::kManifest;
    manifest.artifact_type = oci::media::kFirmware;
    manifest.config = {std::string(oci::media::kEmpty), sha256("{}"), 2, {}, "", {}, false};
    manifest.layers = {{std::string(oci::media::kFirmwareFile), sha256("file"), 4, {}, "", {}, false}};
    next.name = "firmware/board";
    next.version = "1";
    next.config = "{}";
    sign("firmware/board", "1");
  }
  void sign(const std::string& name, const std::string& version) {
    next.manifest = oci::encode_manifest(manifest);
    const auto signature = crypto::sign_statement({name, sha256(next.manifest), version, 7}, key);
    next.signatures = {{signature->key_id, signature->payload, signature->signature}};
  }
  Result<FirmwareRelease> check(std::uint64_t floor = 0) const {
    std::vector<crypto::PublicKey> keys{key.public_key()};
    const auto verifier = crypto::make_pinned_key_verifier(std::move(keys));
    return check_firmware(wire::encode_next(next), "firmware/board", *verifier, floor);
  }
};

TEST(CheckFirmware, ASignedOneIsTaken) {
  const Offer offer;
  const auto release = offer.check(7);
  ASSERT_TRUE(release) << release.error().text();
  EXPECT_EQ(release->file.digest, sha256("file"));
  EXPECT_EQ(release->counter, 7u);
  EXPECT_EQ(offer.check(8).error().code(), ErrorCode::denied) << "older than what ran";
}

TEST(CheckFirmware, WhatIsSignedForSomethingElseIsRefused) {
  Offer offer;
  offer.next.signatures.clear();
  EXPECT_EQ(offer.check().error().code(), ErrorCode::denied) << "unsigned";
  offer.sign("web", "1");
  EXPECT_EQ(offer.check().error().code(), ErrorCode::denied) << "another name";
  offer.sign("firmware/board", "2");
  EXPECT_EQ(offer.check().error().code(), ErrorCode::denied) << "another version";
  offer.sign("firmware/board", "1");
  offer.next.manifest += " ";
  EXPECT_EQ(offer.check().error().code(), ErrorCode::denied) << "another manifest";
  offer.sign("firmware/board", "1");
  offer.next.name = "firmware/other";
  EXPECT_EQ(offer.check().error().code(), ErrorCode::denied) << "not what was asked for";
}

TEST(CheckFirmware, WhatIsSignedAndNoFirmwareIsInvalid) {
  Offer content;
  content.manifest.artifact_type = oci::media::kContent;
  content.sign("firmware/board", "1");
  EXPECT_EQ(content.check().error().code(), ErrorCode::invalid);
  Offer two;
  two.manifest.layers.push_back(two.manifest.layers[0]);
  two.sign("firmware/board", "1");
  EXPECT_EQ(two.check().error().code(), ErrorCode::invalid);
}

}  // namespace
}  // namespace stratus::agent
