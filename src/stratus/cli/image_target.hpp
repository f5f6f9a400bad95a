// Where `stratus publish` reads older versions from and puts new ones: a Stratus server, or an OCI layout on
// disk. The port; calls block.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/sink.hpp"
#include "stratus/cli/common.hpp"
#include "stratus/oci/manifest.hpp"

namespace stratus::cli {

struct PublishedVersion {
  std::string version;
  Digest manifest;
  bool is_target = false;  // what devices are to run; nothing is in a layout
};

class ImageTarget {
 public:
  virtual ~ImageTarget() = default;
  // The versions of `name`, newest first; none when the name is new.
  virtual Result<std::vector<PublishedVersion>> versions(const std::string& name) = 0;
  // Bytes that were verified against the digest.
  virtual Result<std::string> fetch_manifest(const std::string& name, const Digest& digest) = 0;
  virtual Result<std::string> fetch_text(const std::string& name, const Digest& blob,
                                         std::uint64_t limit) = 0;
  // Streams a blob; after an error discard what was taken.
  virtual Result<void> fetch_blob(const std::string& name, const oci::Descriptor& blob,
                                  const ByteSink& sink) = 0;

  virtual Result<bool> has_blob(const std::string& name, const oci::Descriptor& blob) = 0;
  using OnBytes = std::function<void(std::uint64_t bytes)>;  // sent since the last call
  virtual Result<void> put_blob(const std::string& name, const oci::Descriptor& blob,
                                const std::filesystem::path& file, const OnBytes& on_bytes) = 0;
  virtual Result<void> put_text(const std::string& name, std::string_view text) = 0;  // a small blob
  // By digest; under a tag as well unless that is empty.
  virtual Result<void> put_manifest(const std::string& name, const std::string& tag, std::string_view text,
                                    const std::string& media_type) = 0;
  // What refers to a manifest (signatures, deltas), with their annotations.
  virtual Result<std::vector<oci::Descriptor>> referrers(const std::string& name, const Digest& manifest) = 0;
  // Makes the manifest a version that can be deployed. `conflict`: the version is another manifest already.
  virtual Result<void> register_version(const std::string& name, const std::string& version,
                                        const Digest& manifest) = 0;
};

// Tags are "NAME:VERSION" so that one layout may hold several names.
Result<std::unique_ptr<ImageTarget>> open_layout_target(const std::filesystem::path& directory);
Result<std::unique_ptr<ImageTarget>> open_server_target(const CommonOptions& common);

}  // namespace stratus::cli
