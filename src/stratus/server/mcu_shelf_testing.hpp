// A repository of firmware for microcontrollers, for tests: images of one release key, pushed as releases.
#pragma once

#include <random>

#include "host/image_writer.hpp"
#include "host/p256_key.hpp"
#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

struct McuShelf {
  static constexpr const char* kName = "firmware/board";
  static constexpr const char* kModel = "test-board";
  using Layers = std::vector<std::pair<std::string_view, Bytes>>;  // media type, content

  explicit McuShelf(const std::filesystem::path& directory)
      : blobs(std::move(*store::FileBlobStore::open(directory))),
        repositories(std::move(*store::RepositoryStore::open(directory, *blobs))) {}

  static Bytes noise(unsigned seed, std::size_t size) {
    std::mt19937 generator(seed);
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(generator());
    return bytes;
  }
  Bytes image(const Bytes& payload, std::uint32_t counter, const std::string& model = kModel) const {
    mcu::host::ImageFields fields;
    fields.security_counter = counter;
    fields.model = model;
    return mcu::host::write_image(payload, fields, key.signer()).value();
  }
  oci::Descriptor blob(std::string_view type, BytesView content) {
    EXPECT_TRUE(blobs->put(content));
    EXPECT_TRUE(repositories->link_blob(kName, sha256(content)));
    oci::Descriptor descriptor;
    descriptor.media_type = type;
    descriptor.digest = sha256(content);
    descriptor.size = content.size();
    return descriptor;
  }
  Digest push(const Layers& layers) {
    oci::Manifest manifest;
    manifest.media_type = oci::media::kManifest;
    manifest.artifact_type = oci::media::kFirmwareFile;
    manifest.config = blob(oci::media::kEmpty, as_bytes(std::string_view("{}")));
    for (const auto& [type, content] : layers) manifest.layers.push_back(blob(type, content));
    const auto pushed =
        repositories->put_manifest(kName, oci::encode_manifest(manifest), oci::media::kManifest, {}, {});
    EXPECT_TRUE(pushed) << pushed.error().text();
    return pushed->digest;
  }
  Digest push(const Bytes& firmware) { return push({{oci::media::kFirmwareFile, firmware}}); }

  std::unique_ptr<store::FileBlobStore> blobs;
  std::unique_ptr<store::RepositoryStore> repositories;
  mcu::host::P256Key key = mcu::host::P256Key::generate().value();
};

}  // namespace stratus::server
