#include "stratus/server/mcu_releases.hpp"

#include "host/device_view_testing.hpp"

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/server/firmware_parts.hpp"
#include "stratus/server/mcu_shelf_testing.hpp"

namespace stratus::server {
namespace {

namespace media = oci::media;
namespace host = mcu::host;

class McuReleasesTest : public ::testing::Test {
 protected:
  static constexpr const char* kName = McuShelf::kName;
  static Bytes noise(unsigned seed, std::size_t size) { return McuShelf::noise(seed, size); }
  Bytes image(const Bytes& payload, std::uint32_t counter) { return shelf_.image(payload, counter); }
  McuQuestion question(const Digest& release) const {
    McuQuestion asked;
    asked.repository = kName;
    asked.version = "2.0";
    asked.release = release;
    asked.model = McuShelf::kModel;
    return asked;
  }
  // As a device reads it, with the key that the server shows.
  mcu::Cause read(const Bytes& raw, mcu::Manifest& manifest) {
    return host::read_as_device(raw, *from_hex(releases_->public_key()), McuShelf::kModel, manifest);
  }

  stratus::testing::TemporaryDirectory directory_;
  McuShelf shelf_{directory_ / "data"};
  std::unique_ptr<McuReleases> releases_ =
      std::move(*McuReleases::open(directory_ / "mcu", *shelf_.repositories));
};

TEST_F(McuReleasesTest, DerivesAManifestThatADeviceBelieves) {
  const Bytes file = image(noise(1, 5000), 7);
  const Digest release = shelf_.push(file);
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
  releases_ = std::move(*McuReleases::open(directory_ / "mcu", *shelf_.repositories));
  EXPECT_EQ(releases_->public_key(), before);
}

TEST_F(McuReleasesTest, OffersAPatchFromWhatWasReleasedAndKeepsIt) {
  Bytes payload = noise(2, 20'000);
  const Bytes old = image(payload, 1);
  payload[9'000] ^= 0x55;
  const Bytes next = image(payload, 2);
  shelf_.push(old);
  McuQuestion asked = question(shelf_.push(next));
  asked.parts[0] = sha256(old);
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
  EXPECT_EQ(shelf_.repositories->referrers(kName, asked.release)->size(), 1u);
}

TEST_F(McuReleasesTest, OffersAPatchForEachPartThatTheDeviceHas) {
  constexpr std::string_view kAssets = "application/vnd.stratus.firmware.assets.v1";
  const Bytes firmware = image(noise(7, 3'000), 1);
  Bytes pictures = noise(8, 20'000);
  const Bytes old = shelf_.image(pictures, 1, "test-board/assets");
  pictures[5'000] ^= 0x55;
  const Bytes next = shelf_.image(pictures, 2, "test-board/assets");
  shelf_.push({{media::kFirmwareFile, firmware}, {kAssets, old}});
  McuQuestion asked = question(shelf_.push({{media::kFirmwareFile, firmware}, {kAssets, next}}));
  asked.parts[0] = sha256(firmware);
  asked.parts[1] = sha256(old);
  const auto made = releases_->manifest(asked);
  ASSERT_TRUE(made) << made.error().text();
  mcu::Manifest manifest;
  ASSERT_EQ(read(*made, manifest), mcu::Cause::ok);
  ASSERT_EQ(manifest.components, 2u);
  EXPECT_EQ(manifest.component[0].delta_base, nullptr) << "it runs that";
  ASSERT_NE(manifest.component[1].delta_base, nullptr);
  EXPECT_EQ(to_hex(BytesView(manifest.component[1].delta_base, 32)), sha256(old).hex());
  EXPECT_LT(manifest.component[1].delta_size, next.size() / 10);
}

TEST_F(McuReleasesTest, LeavesPatchesOfPartsOutWhereTheManifestWouldBeTooLong) {
  McuShelf::Layers old, next;
  McuQuestion asked;
  const auto add = [&](std::string_view type, std::uint8_t number, const std::string& model) {
    Bytes payload = noise(20u + number, 9'000);
    old.emplace_back(type, shelf_.image(payload, 1, model));
    payload[700] ^= 0x55;
    next.emplace_back(type, shelf_.image(payload, 2, model));
    asked.parts[number] = sha256(old.back().second);
  };
  add(media::kFirmwareFile, 0, "test-board");
  for (const FirmwarePart& part : kFirmwareParts)
    add(part.media_type, part.number, "test-board/" + std::string(part.kind));
  shelf_.push(old);
  const auto parts = std::move(asked.parts);
  asked = question(shelf_.push(next));
  asked.parts = parts;
  const auto made = releases_->manifest(asked);
  ASSERT_TRUE(made) << made.error().text();
  mcu::Manifest manifest;
  ASSERT_EQ(read(*made, manifest), mcu::Cause::ok);
  ASSERT_EQ(manifest.components, 4u);
  EXPECT_NE(manifest.component[0].delta_base, nullptr);
  for (int i = 1; i < 4; ++i) EXPECT_EQ(manifest.component[i].delta_base, nullptr) << i;
}

TEST_F(McuReleasesTest, MakesNoPatchFromWhatADeviceMerelyClaims) {
  const Bytes stranger = image(noise(3, 9'000), 1);
  ASSERT_TRUE(shelf_.blobs->put(stranger));  // somewhere in the store, but never of this name
  McuQuestion asked = question(shelf_.push(image(noise(3, 9'100), 2)));
  asked.parts[0] = sha256(stranger);
  const auto made = releases_->manifest(asked);
  ASSERT_TRUE(made);
  mcu::Manifest manifest;
  ASSERT_EQ(read(*made, manifest), mcu::Cause::ok);
  EXPECT_EQ(manifest.component[0].delta_base, nullptr);
}

TEST_F(McuReleasesTest, RefusesWhatTheBoardCannotRun) {
  McuQuestion asked = question(shelf_.push(image(noise(4, 4'000), 1)));
  asked.model = "other-board";
  const auto wrong = releases_->manifest(asked);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), ErrorCode::conflict);
  EXPECT_EQ(wrong.error().reason(), "wrong_model");

  EXPECT_EQ(releases_->manifest(question(shelf_.push(noise(5, 4'000)))).error().code(), ErrorCode::invalid)
      << "no image";
  EXPECT_EQ(
      releases_->manifest(question(shelf_.push({{"application/octet-stream", image(noise(6, 4'000), 1)}})))
          .error()
          .code(),
      ErrorCode::invalid)
      << "no firmware file";
}

}  // namespace
}  // namespace stratus::server
