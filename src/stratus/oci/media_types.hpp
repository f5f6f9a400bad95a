// Media types that Stratus reads and writes (docs/formats/image.md).
#pragma once

#include <string_view>

namespace stratus::oci::media {

inline constexpr std::string_view kManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kEmpty = "application/vnd.oci.empty.v1+json";  // the two bytes "{}"
inline constexpr std::string_view kLayerTar = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";

inline constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";

inline constexpr std::string_view kSignature = "application/vnd.stratus.signature.v1";
inline constexpr std::string_view kSimpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json";
inline constexpr std::string_view kDelta = "application/vnd.stratus.delta.v1";

// Firmware and display content as OCI artifacts (docs/formats/artifacts.md).
inline constexpr std::string_view kFirmware = "application/vnd.stratus.firmware.v1";
inline constexpr std::string_view kFirmwareFile = "application/vnd.stratus.firmware.file.v1";
inline constexpr std::string_view kContent = "application/vnd.stratus.content.v1";
inline constexpr std::string_view kContentOriginal = "application/vnd.stratus.content.original.v1";
inline constexpr std::string_view kContentDisplay = "application/vnd.stratus.content.display.v1";

// Annotations.
inline constexpr std::string_view kSignatureAnnotation = "dev.cosignproject.cosign/signature";
inline constexpr std::string_view kKeyIdAnnotation = "vnd.stratus.key-id";
inline constexpr std::string_view kDeltaBaseAnnotation = "vnd.stratus.delta.base";
inline constexpr std::string_view kDeltaDiffIdAnnotation = "vnd.stratus.delta.diff-id";
// Of a layer: how large it is unpacked (oci/layer_size.hpp).
inline constexpr std::string_view kUnpackedAnnotation = "vnd.stratus.unpacked";
// Hardware that an image is for, words separated by commas; without it any.
inline constexpr std::string_view kCompatibleAnnotation = "vnd.stratus.compatible";
inline constexpr std::string_view kRefNameAnnotation = "org.opencontainers.image.ref.name";
inline constexpr std::string_view kTitleAnnotation = "org.opencontainers.image.title";  // a file's name
inline constexpr std::string_view kVersionAnnotation = "org.opencontainers.image.version";

}  // namespace stratus::oci::media
