#include "stratus/server/mcu_releases.hpp"

#include <random>

#include "host/device_view_testing.hpp"
#include "host/image_writer.hpp"
#include "host/p256_key.hpp"
#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::server {
namespace {

namespace media = oci::media;
namespace host = mcu::host;

Bytes noise(unsigned seed, std::size_t size) {
  std::mt19937 generator(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(generator());
  return bytes;
}

class McuReleasesTest : public ::testing::Test {
 protected:
  static constexpr const char* kName = "firmware/board";
  McuReleasesTest()
      : blobs_(std::move(*store::FileBlobStore::open(directory_ / "data"))),
        repositories_(std::move(*store::RepositoryStore::open(directory_ / "data", *blobs_))),
        releases_(std::move(*McuReleases::open(directory_ / "mcu", *repositories_))) {}

  Bytes image(const Bytes& payload, std::uint32_t counter) {
    host::ImageFields fields;
    fields.security_counter = counter;
    fields.model = "test-board";
    return host::write_image(payload, fields, key_.signer()).value();
  }
  oci::Descriptor blob(std::string_view type, BytesView content) {
    EXPECT_TRUE(blobs_->put(content));
    EXPECT_TRUE(repositories_->link_blob(kName, sha256(content)));
    oci::Descriptor descriptor;
    descriptor.media_type = type;
    descriptor.digest = sha256(content);
    descriptor.size = content.size();
    return descriptor;
  }
  Digest push(std::string_view type, const Bytes& content) {
    oci::Manifest manifest;
    manifest.media_type = media::kManifest;
    manifest.artifact_type = media::kFirmwareFile;
    manifest.config = blob(media::kEmpty, as_bytes(std::string_view("{}")));
    manifest.layers.push_back(blob(type, content));
    const auto pushed =
        repositories_->put_manifest(kName, oci::encode_manifest(manifest), media::kManifest, {}, {});
    EXPECT_TRUE(pushed) << pushed.error().text();
    return pushed->digest;
  }
  McuQuestion question(const Digest& release) const {
    McuQuestion asked;
    asked.repository = kName;
    asked.version = "2.0";
    asked.release = release;
    asked.model = "test-board";
    return asked;
  }
  // As a device reads it, with the key that the server shows.
  mcu::Cause read(const Bytes& raw, mcu::Manifest& manifest) {
    return host::read_as_device(raw, *from_hex(releases_->public_key()), "test-board", manifest);
  }

  stratus::testing::TemporaryDirectory directory_;
  std::unique_ptr<store::FileBlobStore> blobs_;
  std::unique_ptr<store::RepositoryStore> repositories_;
  std::unique_ptr<McuReleases> releases_;
  host::P256Key key_ = host::P256Key::generate().value();
};

TEST_F(McuReleasesTest, DerivesAManifestThatADeviceBelieves) {
  const Bytes file = image(noise(1, 5000), 7);
  const Digest release = push(media::kFirmwareFile, file);
  const auto made = releases_->manifest(question(release));
  ASSERT_TRUE(made) << made.error().text();
  mcu::Manifest manifest;
  ASSERT_EQ(read(*made, manifest), mcu::Cause::ok);
  EXPECT_EQ(std::string(manifest.version.data, manifest.version.size), "2.0");
  EXPECT_EQ(manifest.counter, 7u);
  ASSERT_EQ(manifest.components, 1u);
  EXPECT_EQ(manifest.component[0].size, file.size());
  EXPECT_EQ(to_hex(BytesView(manifest.component[0].digest, 32)), sha256(file).hex());
  EXPECT_EQ(to_hex(BytesView(manifest.release, 32)), release.hex());
  EXPECT_EQ(manifest.component[0].delta_base, nullptr);

  Bytes touched = *made;
  touched[10] ^= 1;
  EXPECT_EQ(read(touched, manifest), mcu::Cause::bad_signature);
}

TEST_F(McuReleasesTest, KeepsItsKeyOverARestart) {
  const std::string before = releases_->public_key();
  releases_ = std::move(*McuReleases::open(directory_ / "mcu", *repositories_));
  EXPECT_EQ(releases_->public_key(), before);
}

TEST_F(McuReleasesTest, OffersAPatchFromWhatWasReleasedAndKeepsIt) {
  Bytes payload = noise(2, 20'000);
  const Bytes old = image(payload, 1);
  payload[9'000] ^= 0x55;
  const Bytes next = image(payload, 2);
  push(media::kFirmwareFile, old);
  McuQuestion asked = question(push(media::kFirmwareFile, next));
  asked.have = sha256(old);
  std::string patch;
  for (int i = 0; i < 2; ++i) {  // made, then found again
    const auto made = releases_->manifest(asked);
    ASSERT_TRUE(made) << made.error().text();
    mcu::Manifest manifest;
    ASSERT_EQ(read(*made, manifest), mcu::Cause::ok);
    ASSERT_NE(manifest.component[0].delta_base, nullptr);
    EXPECT_EQ(to_hex(BytesView(manifest.component[0].delta_base, 32)), sha256(old).hex());
    EXPECT_LT(manifest.component[0].delta_size, next.size() / 4);
    const std::string digest = to_hex(BytesView(manifest.component[0].delta_digest, 32));
    EXPECT_TRUE(patch.empty() || patch == digest);
    patch = digest;
  }
  EXPECT_EQ(repositories_->referrers(kName, asked.release)->size(), 1u);
}

TEST_F(McuReleasesTest, MakesNoPatchFromWhatADeviceMerelyClaims) {
  const Bytes stranger = image(noise(3, 9'000), 1);
  ASSERT_TRUE(blobs_->put(stranger));  // somewhere in the store, but never of this name
  McuQuestion asked = question(push(media::kFirmwareFile, image(noise(3, 9'100), 2)));
  asked.have = sha256(stranger);
  const auto made = releases_->manifest(asked);
  ASSERT_TRUE(made);
  mcu::Manifest manifest;
  ASSERT_EQ(read(*made, manifest), mcu::Cause::ok);
  EXPECT_EQ(manifest.component[0].delta_base, nullptr);
}

TEST_F(McuReleasesTest, RefusesWhatTheBoardCannotRun) {
  McuQuestion asked = question(push(media::kFirmwareFile, image(noise(4, 4'000), 1)));
  asked.model = "other-board";
  const auto wrong = releases_->manifest(asked);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), ErrorCode::conflict);
  EXPECT_EQ(wrong.error().reason(), "wrong_model");

  EXPECT_EQ(releases_->manifest(question(push(media::kFirmwareFile, noise(5, 4'000)))).error().code(),
            ErrorCode::invalid)
      << "no image";
  EXPECT_EQ(releases_->manifest(question(push("application/octet-stream", image(noise(6, 4'000), 1))))
                .error()
                .code(),
            ErrorCode::invalid)
      << "no firmware file";
}

}  // namespace
}  // namespace stratus::server
