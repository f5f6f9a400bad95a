#include "stratus/agent/image_store.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/layer_size.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/oci/tar_writer.hpp"

namespace stratus::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kRoom = 1u << 20;  // bytes

// A layer with one file, as an uncompressed tar.
std::string tar_of(const std::string& path, const std::string& text) {
  std::string tar;
  oci::TarWriter writer([&tar](BytesView bytes) -> Result<void> {
    tar.append(as_text(bytes));
    return {};
  });
  oci::TarEntry entry;
  entry.path = path;
  entry.mode = 0644;
  entry.size = text.size();
  EXPECT_TRUE(writer.begin(entry));
  EXPECT_TRUE(writer.data(as_bytes(text)));
  EXPECT_TRUE(writer.end());
  EXPECT_TRUE(writer.finish());
  return tar;
}

struct Device {
  testing::TemporaryDirectory data;
  ImageStore store{data.path()};
  std::string tar = tar_of("etc/file", "hello");
  Release release;

  Device() {
    EXPECT_TRUE(store.prepare());
    oci::ImageConfig config;
    config.architecture = oci::this_architecture();
    config.cmd = {"/bin/x"};
    config.diff_ids = {sha256(tar)};
    const std::string config_text = oci::encode_image_config(config);
    oci::Manifest manifest;
    manifest.media_type = oci::media::kManifest;
    manifest.config = {
        std::string(oci::media::kConfig), sha256(config_text), config_text.size(), {}, "", {}, false};
    manifest.layers = {{std::string(oci::media::kLayerTar), sha256(tar), tar.size(), {}, "", {}, false}};
    auto parsed = parse_release("web", "1", oci::encode_manifest(manifest), config_text);
    EXPECT_TRUE(parsed) << parsed.error().text();
    release = std::move(*parsed);
  }

  update::PlanStep step() const {
    return {update::StepKind::layer, release.config.diff_ids[0], {sha256(tar), tar.size(), 0}};
  }
  void put_blob(const std::string& bytes) const {
    std::ofstream(store.partial_path(sha256(tar)), std::ios::binary) << bytes;
  }
};

std::uint64_t device_tar_bytes() { return Device().tar.size(); }

TEST(ImageStore, ALayerHasItsNameOnlyWhenItIsWhole) {
  const Device device;
  device.put_blob(device.tar);
  EXPECT_FALSE(device.store.has_layer(device.step().diff_id));
  const auto installed = device.store.install_layer(device.step(), device.release, nullptr, kRoom);
  ASSERT_TRUE(installed) << installed.error().text();
  EXPECT_TRUE(device.store.is_complete(device.release));
  EXPECT_FALSE(fs::exists(device.store.partial_path(sha256(device.tar))));
  EXPECT_EQ(*read_file(device.data / "layers" / device.step().diff_id.hex() / "etc/file", 100), "hello");
  // Idempotent.
  EXPECT_TRUE(device.store.install_layer(device.step(), device.release, nullptr, kRoom));
}

TEST(ImageStore, WrongBytesLeaveNothing) {
  const Device device;
  device.put_blob(tar_of("etc/file", "other"));
  const auto installed = device.store.install_layer(device.step(), device.release, nullptr, kRoom);
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().code(), ErrorCode::corrupt);
  EXPECT_TRUE(fs::is_empty(device.data / "layers"));
}

TEST(ImageStore, AnEscapeIsRefusedAndLeavesNothing) {
  Device device;
  device.tar = tar_of("../outside", "x");
  device.release.manifest.layers[0].digest = sha256(device.tar);
  device.release.config.diff_ids[0] = sha256(device.tar);
  device.put_blob(device.tar);
  const auto installed = device.store.install_layer(device.step(), device.release, nullptr, kRoom);
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().code(), ErrorCode::invalid);
  EXPECT_TRUE(fs::is_empty(device.data / "layers"));
  EXPECT_FALSE(fs::exists(device.data / "outside"));
}

// A manifest that is signed says how large its layers are; nothing else of a layer is believed before its
// digest.
TEST(ImageStore, ALayerNeverGetsLargerThanItsManifestSays) {
  for (const std::uint64_t said : {device_tar_bytes(), device_tar_bytes() - 1}) {
    Device device;
    oci::annotate(device.release.manifest.layers[0], {said, oci::kDiskBlock});
    EXPECT_EQ(device.store.needs_of(device.release, nullptr)[0].unpacked_bytes, oci::kDiskBlock);
    device.put_blob(device.tar);
    const auto installed = device.store.install_layer(device.step(), device.release, nullptr, kRoom);
    EXPECT_EQ(bool(installed), said == device.tar.size());
    if (!installed) EXPECT_EQ(installed.error().code(), ErrorCode::invalid);
    EXPECT_EQ(device.store.has_layer(device.step().diff_id), said == device.tar.size());
  }
}

TEST(ImageStore, ALayerOfUnsaidSizeTakesNoMoreThanThereIsRoomFor) {
  const Device device;
  device.put_blob(device.tar);
  const auto installed =
      device.store.install_layer(device.step(), device.release, nullptr, device.tar.size() - 1);
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().code(), ErrorCode::no_space);
  EXPECT_TRUE(fs::is_empty(device.data / "layers"));
}

TEST(ImageStore, HalfMadeLayersGoAtStart) {
  const Device device;
  fs::create_directories(device.data / "layers" / "abc.tmp" / "x");
  ASSERT_TRUE(device.store.prepare());
  EXPECT_TRUE(fs::is_empty(device.data / "layers"));
}

TEST(ImageStore, ALeftoverThatCannotBeRemovedKeepsNobodyFromStarting) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const Device device;
  const fs::path stuck = device.data / "layers" / "abc.tmp" / "x";
  fs::create_directories(stuck);
  ASSERT_EQ(::mount("none", stuck.c_str(), "tmpfs", 0, nullptr), 0);
  const Result<void> prepared = device.store.prepare();
  EXPECT_EQ(::umount(stuck.c_str()), 0);
  EXPECT_TRUE(prepared) << prepared.error().text();
}

// A setuid program of an image is root's on the host, too.
TEST(ImageStore, NobodyElseGetsAtTheLayers) {
  const Device device;
  for (const char* const name : {"layers", "upper"}) {
    fs::permissions(device.data / name, fs::perms(0755));
    ASSERT_TRUE(device.store.prepare());
    EXPECT_EQ(fs::status(device.data / name).permissions(), fs::perms(0700)) << name;
  }
}

TEST(ImageStore, AReleaseReadsBackWithItsOffers) {
  Device device;
  device.release.deltas = {{sha256("base"), sha256("layer"), sha256("blob"), 77}};
  ASSERT_TRUE(device.store.save_release(device.release));
  const auto loaded = device.store.load_release(device.release.manifest_digest);
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->version, "1");
  ASSERT_EQ(loaded->deltas.size(), 1U);
  EXPECT_EQ(loaded->deltas[0].size, 77U);
}

TEST(ImageStore, ADamagedReleaseIsNotBelieved) {
  const Device device;
  ASSERT_TRUE(device.store.save_release(device.release));
  std::ofstream(device.data / "images" / device.release.manifest_digest.hex() / "config", std::ios::app)
      << " ";
  EXPECT_FALSE(device.store.load_release(device.release.manifest_digest));
}

TEST(ImageStore, CollectKeepsWhatIsNeededAndNothingElse) {
  const Device device;
  device.put_blob(device.tar);
  ASSERT_TRUE(device.store.install_layer(device.step(), device.release, nullptr, kRoom));
  ASSERT_TRUE(device.store.save_release(device.release));
  fs::create_directories(device.data / "layers" / sha256("old").hex());
  fs::create_directories(device.data / "images" / sha256("old").hex());
  device.store.collect({device.release.manifest_digest});
  EXPECT_TRUE(device.store.is_complete(device.release));
  EXPECT_FALSE(fs::exists(device.data / "layers" / sha256("old").hex()));
  EXPECT_FALSE(fs::exists(device.data / "images" / sha256("old").hex()));
}

TEST(ImageStore, CollectRemovesNothingWhenAKeptImageCannotBeRead) {
  const Device device;
  fs::create_directories(device.data / "layers" / sha256("old").hex());
  device.store.collect({sha256("unknown")});
  EXPECT_TRUE(fs::exists(device.data / "layers" / sha256("old").hex()));
}

TEST(ImageStore, WhatWasCommittedIsFoundAgainTheLastFirst) {
  Device device;
  device.put_blob(device.tar);
  ASSERT_TRUE(device.store.install_layer(device.step(), device.release, nullptr, kRoom));
  ASSERT_TRUE(device.store.save_release(device.release));
  EXPECT_TRUE(device.store.committed().empty()) << "only tried";
  ASSERT_TRUE(device.store.mark_committed(device.release.manifest_digest, {}));
  ASSERT_EQ(device.store.committed().size(), 1U);
  // Another manifest with the same layers, committed later.
  Release second = device.release;
  second.manifest_text.insert(second.manifest_text.find('{') + 1, " ");
  second.manifest_digest = sha256(second.manifest_text);
  second.version = "2";
  ASSERT_TRUE(device.store.save_release(second));
  ASSERT_TRUE(device.store.mark_committed(second.manifest_digest, {}));
  const auto both = device.store.committed();
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].version, "2");
  ASSERT_TRUE(device.store.mark_committed(device.release.manifest_digest, {}));
  EXPECT_EQ(device.store.committed()[0].version, "1");
  fs::remove_all(device.data / "layers" / device.step().diff_id.hex());
  EXPECT_TRUE(device.store.committed().empty()) << "not complete";
}

TEST(ImageStore, KnowsTheFloorsOfWhatWasCommitted) {
  Device device;
  ASSERT_TRUE(device.store.save_release(device.release));
  EXPECT_TRUE(device.store.floors().empty());
  ASSERT_TRUE(device.store.mark_committed(device.release.manifest_digest, {"web", 7}));
  EXPECT_EQ(device.store.floors(), (std::vector<update::CounterFloor>{{"web", 7}}));
  Release second = device.release;
  second.manifest_text.insert(second.manifest_text.find('{') + 1, " ");
  second.manifest_digest = sha256(second.manifest_text);
  ASSERT_TRUE(device.store.save_release(second));
  ASSERT_TRUE(device.store.mark_committed(second.manifest_digest, {"web", 1'795'000'000'000}));
  ASSERT_TRUE(device.store.mark_committed(device.release.manifest_digest, {"other", 3}));
  EXPECT_EQ(device.store.floors(),
            (std::vector<update::CounterFloor>{{"other", 3}, {"web", 1'795'000'000'000}}));
}

// As an agent before floors wrote it; noting the floor makes it no newer commit.
TEST(ImageStore, AMarkWithoutAFloorGetsOne) {
  Device device;
  ASSERT_TRUE(device.store.save_release(device.release));
  const fs::path mark = device.data / "images" / device.release.manifest_digest.hex() / "committed";
  ASSERT_TRUE(write_file_atomically(mark, "4"));
  EXPECT_TRUE(device.store.floors().empty());
  ASSERT_TRUE(device.store.mark_committed(device.release.manifest_digest, {"web", 9}));
  EXPECT_EQ(*read_file(mark, 100), "4 9 web");
}

TEST(ImageStore, PartialsOfAnotherReleaseGo) {
  Device device;
  const Digest layer = device.release.manifest.layers[0].digest;
  const Digest delta = sha256("a delta"), stranger = sha256("another version's");
  device.release.deltas = {{sha256("base"), layer, delta, 7}};
  for (const Digest& blob : {layer, delta, stranger}) {
    ASSERT_TRUE(write_file_atomically(device.store.partial_path(blob), "some"));
    ASSERT_TRUE(write_file_atomically(device.store.partial_path(blob).string() + ".mark", "4 boot"));
  }
  device.store.remove_partials_but(device.release);
  for (const Digest& blob : {layer, delta}) {
    EXPECT_TRUE(fs::exists(device.store.partial_path(blob)));
    EXPECT_TRUE(fs::exists(device.store.partial_path(blob).string() + ".mark"));
  }
  EXPECT_FALSE(fs::exists(device.store.partial_path(stranger)));
  EXPECT_FALSE(fs::exists(device.store.partial_path(stranger).string() + ".mark"));
}

TEST(ImageStore, EqualLayersCountOnce) {
  Device device;
  device.release.config.diff_ids.push_back(device.release.config.diff_ids[0]);
  device.release.manifest.layers.push_back(device.release.manifest.layers[0]);
  EXPECT_EQ(ImageStore::layer_names(device.release).size(), 1U);
  EXPECT_EQ(device.store.needs_of(device.release, nullptr).size(), 1U);
}

}  // namespace
}  // namespace stratus::agent
