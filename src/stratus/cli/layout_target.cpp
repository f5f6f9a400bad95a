#include <algorithm>

#include <fmt/format.h>

#include "stratus/cli/image_target.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/layout.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::cli {
namespace {

class LayoutTarget : public ImageTarget {
 public:
  explicit LayoutTarget(oci::Layout layout) : layout_(std::move(layout)) {}

  Result<std::vector<PublishedVersion>> versions(const std::string& name) override {
    STRATUS_TRY(index, layout_.index());
    std::vector<PublishedVersion> out;
    for (const oci::Descriptor& manifest : index.manifests) {
      const std::string_view ref = manifest.annotation(oci::media::kRefNameAnnotation);
      if (ref.size() > name.size() + 1 && ref.starts_with(name) && ref[name.size()] == ':') {
        out.push_back({std::string(ref.substr(name.size() + 1)), manifest.digest});
      }
    }
    std::reverse(out.begin(), out.end());  // the index is in the order of publishing
    return out;
  }

  Result<std::string> fetch_manifest(const std::string&, const Digest& digest) override {
    return layout_.read_blob(digest, oci::kMaxManifest);
  }
  Result<std::string> fetch_text(const std::string&, const Digest& blob, std::uint64_t limit) override {
    return layout_.read_blob(blob, limit);
  }
  Result<void> fetch_blob(const std::string&, const oci::Descriptor& blob, const ByteSink& sink) override {
    return layout_.read_blob(blob.digest, sink);
  }
  Result<bool> has_blob(const std::string&, const oci::Descriptor& blob) override {
    return layout_.has_blob(blob.digest);
  }
  Result<void> put_blob(const std::string&, const oci::Descriptor& blob, const std::filesystem::path& file,
                        const OnBytes& on_bytes) override {
    STRATUS_CHECK(layout_.write_blob(blob.digest, file));
    on_bytes(blob.size);
    return {};
  }
  Result<void> put_text(const std::string&, std::string_view text) override {
    STRATUS_CHECK(layout_.write_blob(text));
    return {};
  }

  Result<void> put_manifest(const std::string& name, const std::string& tag, std::string_view text,
                            const std::string& media_type) override {
    STRATUS_TRY(digest, layout_.write_blob(text));
    oci::Descriptor entry;
    entry.media_type = media_type;
    entry.digest = digest;
    entry.size = text.size();
    if (!tag.empty()) entry.annotations.emplace(oci::media::kRefNameAnnotation, name + ":" + tag);
    STRATUS_TRY(parsed, oci::parse_manifest(text));
    if (tag.empty()) entry.artifact_type = parsed.effective_artifact_type();
    return layout_.add_manifest(entry);
  }

  Result<std::vector<oci::Descriptor>> referrers(const std::string&, const Digest& manifest) override {
    STRATUS_TRY(index, layout_.index());
    std::vector<oci::Descriptor> out;
    for (oci::Descriptor& entry : index.manifests) {
      if (entry.artifact_type.empty()) continue;
      STRATUS_TRY(text, layout_.read_blob(entry.digest, oci::kMaxManifest));
      STRATUS_TRY(parsed, oci::parse_manifest(text));
      if (!parsed.subject || parsed.subject->digest != manifest) continue;
      entry.annotations = parsed.annotations;
      out.push_back(std::move(entry));
    }
    return out;
  }

  Result<void> register_version(const std::string&, const std::string&, const Digest&) override { return {}; }

 private:
  oci::Layout layout_;
};

}  // namespace

Result<std::unique_ptr<ImageTarget>> open_layout_target(const std::filesystem::path& directory) {
  STRATUS_TRY(layout, oci::Layout::create(directory));
  return std::unique_ptr<ImageTarget>(new LayoutTarget(std::move(layout)));
}

}  // namespace stratus::cli
