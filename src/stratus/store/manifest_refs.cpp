#include "stratus/store/manifest_refs.hpp"

#include <boost/json.hpp>

#include "stratus/base/json.hpp"

namespace stratus::store {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxLayers = 1024;
constexpr std::size_t kMaxManifests = 4096;
constexpr std::size_t kMaxAnnotations = 1024;

Result<std::map<std::string, std::string>> read_annotations(const json::object& object,
                                                            const std::string& path) {
  std::map<std::string, std::string> annotations;
  const json::value* const member = object.if_contains("annotations");
  if (member == nullptr || member->is_null()) return annotations;
  if (!member->is_object() || member->get_object().size() > kMaxAnnotations) {
    return fail(ErrorCode::invalid, path + "annotations: not a small map of texts");
  }
  for (const auto& [key, value] : member->get_object()) {
    if (!value.is_string()) return fail(ErrorCode::invalid, path + "annotations: a value is not a text");
    annotations.emplace(key, value.get_string());
  }
  return annotations;
}

Result<BlobRef> read_descriptor(const json::value& value, const std::string& path) {
  ObjectReader reader(value, path);
  BlobRef ref;
  ref.media_type = reader.text("mediaType", 255);
  ref.digest = reader.digest("digest");
  ref.size = reader.number("size");
  STRATUS_CHECK(reader.done());
  STRATUS_TRY(annotations, read_annotations(value.get_object(), path + "."));
  ref.annotations = std::move(annotations);
  return ref;
}

Result<std::vector<BlobRef>> read_descriptors(const json::array& array, std::string_view name) {
  std::vector<BlobRef> refs;
  for (const json::value& element : array) {
    STRATUS_TRY(ref, read_descriptor(element, std::string(name) + "[" + std::to_string(refs.size()) + "]"));
    refs.push_back(std::move(ref));
  }
  return refs;
}

// Absent or null is no descriptor.
Result<std::optional<BlobRef>> read_optional(const json::object& object, const std::string& name) {
  const json::value* const member = object.if_contains(name);
  if (member == nullptr || member->is_null()) return std::optional<BlobRef>();
  STRATUS_TRY(ref, read_descriptor(*member, name));
  return std::optional<BlobRef>(std::move(ref));
}

// The type that counts: what the pusher and the body say must agree; a body that says nothing is told apart
// by its members, as OCI 1.0 manifests need.
Result<std::string> decide_media_type(const json::object& object, std::string_view said,
                                      std::string_view own) {
  std::string type(said.empty() ? own : said);
  if (type.empty()) type = object.contains("manifests") ? kOciIndex : kOciManifest;
  if (!own.empty() && own != type) {
    return fail(ErrorCode::invalid,
                "the body says mediaType '" + std::string(own) + "', the request '" + type + "'");
  }
  if (type != kOciManifest && type != kOciIndex && type != kDockerManifest && type != kDockerList) {
    return fail(ErrorCode::invalid, "manifests of type '" + type + "' are not known here");
  }
  return type;
}

}  // namespace

bool BlobRef::is_foreign() const {
  return media_type.starts_with("application/vnd.oci.image.layer.nondistributable.") ||
         media_type.starts_with("application/vnd.docker.image.rootfs.foreign.");
}

Result<ManifestRefs> parse_manifest_refs(std::string_view text, std::string_view content_type) {
  STRATUS_TRY(value, parse_json(text, kMaxManifest));
  ObjectReader reader(value, "");
  const std::uint64_t version = reader.number("schemaVersion");
  const std::string own_type = reader.optional_text("mediaType", 255);
  ManifestRefs refs;
  refs.artifact_type = reader.optional_text("artifactType", 255);
  STRATUS_CHECK(reader.done());
  if (version != 2) return fail(ErrorCode::invalid, "schemaVersion is not 2");
  const json::object& object = value.get_object();
  STRATUS_TRY(type, decide_media_type(object, content_type, own_type));
  refs.media_type = std::move(type);
  refs.is_index = refs.media_type == kOciIndex || refs.media_type == kDockerList;
  // Both at once could be read as an image by one program and as an index by another.
  if (object.contains(refs.is_index ? "layers" : "manifests")) {
    return fail(ErrorCode::invalid, "members of an image manifest and of an index in one document");
  }
  const json::array& list = reader.optional_array(refs.is_index ? "manifests" : "layers",
                                                  refs.is_index ? kMaxManifests : kMaxLayers);
  STRATUS_CHECK(reader.done());
  STRATUS_TRY(descriptors, read_descriptors(list, refs.is_index ? "manifests" : "layers"));
  (refs.is_index ? refs.manifests : refs.layers) = std::move(descriptors);
  STRATUS_TRY(subject, read_optional(object, "subject"));
  refs.subject = std::move(subject);
  STRATUS_TRY(annotations, read_annotations(object, ""));
  refs.annotations = std::move(annotations);
  if (refs.is_index) {
    if (!object.contains("manifests")) return fail(ErrorCode::invalid, "an index without manifests");
    return refs;
  }
  STRATUS_TRY(config, read_optional(object, "config"));
  refs.config = std::move(config);
  if (!refs.config) return fail(ErrorCode::invalid, "config: missing");
  if (!object.contains("layers")) return fail(ErrorCode::invalid, "layers: missing");
  if (refs.artifact_type.empty()) refs.artifact_type = refs.config->media_type;
  return refs;
}

}  // namespace stratus::store
