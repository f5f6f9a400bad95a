#include "stratus/oci/manifest.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/oci/decompress.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::oci {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxMediaType = 255, kMaxAnnotations = 256, kMaxAnnotationValue = 64u << 10;

Result<Annotations> read_annotations(const json::value& owner, const std::string& path) {
  Annotations out;
  const json::object* const object = owner.if_object();
  const json::value* const found = object != nullptr ? object->if_contains("annotations") : nullptr;
  if (found == nullptr || found->is_null()) return out;
  const json::object* const map = found->if_object();
  if (map == nullptr || map->size() > kMaxAnnotations) {
    return fail(ErrorCode::invalid,
                fmt::format("{}annotations: not an object of at most {} entries", path, kMaxAnnotations));
  }
  for (const auto& member : *map) {
    const json::string* const value = member.value().if_string();
    if (value == nullptr || value->size() > kMaxAnnotationValue) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}annotations: a value is not a string of at most {} bytes", path,
                              kMaxAnnotationValue));
    }
    out.emplace(std::string(member.key()), std::string(value->data(), value->size()));
  }
  return out;
}

bool is_media_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != text.npos && slash > 0 && slash + 1 < text.size() &&
         text.find_first_of(" \t\r\n\"\\") == text.npos;
}

Result<Descriptor> read_descriptor(const json::value& value, const std::string& path) {
  ObjectReader reader(value, path);
  Descriptor out;
  out.media_type = reader.text("mediaType", kMaxMediaType);
  if (!is_media_type(out.media_type)) reader.reject("mediaType", "not a media type");
  out.digest = reader.digest("digest");
  if (out.digest.empty()) reader.reject("digest", "not a sha256 digest");
  out.size = reader.number("size");
  out.artifact_type = reader.optional_text("artifactType", kMaxMediaType);
  out.has_urls = !reader.optional_array("urls", 64).empty();
  STRATUS_CHECK(reader.done());
  STRATUS_TRY(annotations, read_annotations(value, path + "."));
  out.annotations = std::move(annotations);
  if (const json::value* const found = value.get_object().if_contains("platform")) {
    ObjectReader platform(*found, path + ".platform");
    Platform read;
    read.os = platform.optional_text("os", 64);
    read.architecture = platform.optional_text("architecture", 64);
    read.variant = platform.optional_text("variant", 64);
    STRATUS_CHECK(platform.done());
    out.platform = std::move(read);
  }
  return out;
}

Result<std::optional<Descriptor>> read_subject(const json::value& whole) {
  const json::value* const found = whole.get_object().if_contains("subject");
  if (found == nullptr || found->is_null()) return std::optional<Descriptor>();
  STRATUS_TRY(subject, read_descriptor(*found, "subject"));
  return std::optional<Descriptor>(std::move(subject));
}

Result<std::vector<Descriptor>> read_descriptors(ObjectReader& reader, std::string_view key,
                                                 std::size_t limit) {
  std::vector<Descriptor> out;
  for (const json::value& value : reader.optional_array(key, limit)) {
    STRATUS_TRY(descriptor, read_descriptor(value, fmt::format("{}[{}]", key, out.size())));
    out.push_back(std::move(descriptor));
  }
  return out;
}

Result<void> check_schema_version(ObjectReader& reader) {
  if (reader.number("schemaVersion") != 2) reader.reject("schemaVersion", "not 2");
  return reader.done();
}

json::object write_annotations(const Annotations& annotations) {
  json::object out;
  for (const auto& [key, value] : annotations) out[key] = value;
  return out;
}

json::object write_descriptor(const Descriptor& descriptor) {
  json::object out;
  out["mediaType"] = descriptor.media_type;
  out["digest"] = descriptor.digest.text();
  out["size"] = descriptor.size;
  if (!descriptor.artifact_type.empty()) out["artifactType"] = descriptor.artifact_type;
  if (descriptor.platform) {
    json::object platform;
    platform["architecture"] = descriptor.platform->architecture;
    platform["os"] = descriptor.platform->os;
    if (!descriptor.platform->variant.empty()) platform["variant"] = descriptor.platform->variant;
    out["platform"] = std::move(platform);
  }
  if (!descriptor.annotations.empty()) out["annotations"] = write_annotations(descriptor.annotations);
  return out;
}

template <class Document>
json::object begin_document(const Document& document) {
  json::object out;
  out["schemaVersion"] = 2;
  out["mediaType"] = document.media_type;
  if (!document.artifact_type.empty()) out["artifactType"] = document.artifact_type;
  return out;
}

template <class Document>
std::string end_document(const Document& document, json::object out) {
  if (document.subject) out["subject"] = write_descriptor(*document.subject);
  if (!document.annotations.empty()) out["annotations"] = write_annotations(document.annotations);
  return json::serialize(out);
}

}  // namespace

std::string_view Descriptor::annotation(std::string_view key) const {
  const auto found = annotations.find(std::string(key));
  return found == annotations.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view Manifest::effective_artifact_type() const {
  return artifact_type.empty() ? std::string_view(config.media_type) : std::string_view(artifact_type);
}

Result<DocumentKind> kind_of_document(std::string_view text, std::string_view content_type) {
  STRATUS_TRY(value, parse_json(text, kMaxManifest));
  ObjectReader reader(value, "");
  std::string media_type = reader.optional_text("mediaType", kMaxMediaType);
  STRATUS_CHECK(reader.done());
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  if (!media_type.empty() && !content_type.empty() && media_type != content_type) {
    return fail(ErrorCode::invalid,
                fmt::format("the document says it is '{}', but was sent as '{}'", media_type, content_type));
  }
  if (media_type.empty()) media_type = std::string(content_type);
  const json::object& object = value.get_object();
  const bool has_layers = object.contains("layers") || object.contains("config");
  const bool has_manifests = object.contains("manifests");
  if (has_layers && has_manifests) {
    return fail(ErrorCode::invalid, "the document could be read as a manifest and as an index");
  }
  if (media_type.empty()) media_type = std::string(has_manifests ? media::kIndex : media::kManifest);
  const bool is_manifest = media_type == media::kManifest || media_type == media::kDockerManifest;
  const bool is_index = media_type == media::kIndex || media_type == media::kDockerIndex;
  if ((is_manifest && has_manifests) || (is_index && has_layers)) {
    return fail(ErrorCode::invalid, fmt::format("the document's members are not those of '{}'", media_type));
  }
  if (is_manifest) return DocumentKind::manifest;
  if (is_index) return DocumentKind::index;
  return fail(ErrorCode::invalid,
              fmt::format("media type '{}' is neither an OCI manifest or index nor Docker's "
                          "schema 2 form of one",
                          media_type));
}

Result<Manifest> parse_manifest(std::string_view text) {
  STRATUS_TRY(kind, kind_of_document(text, "").with_context("manifest"));
  if (kind != DocumentKind::manifest) return fail(ErrorCode::invalid, "an index where a manifest should be");
  STRATUS_TRY(value, parse_json(text, kMaxManifest));
  ObjectReader reader(value, "");
  STRATUS_CHECK(check_schema_version(reader).with_context("manifest"));
  Manifest out;
  out.media_type = reader.optional_text("mediaType", kMaxMediaType);
  if (out.media_type.empty()) out.media_type = media::kManifest;
  out.artifact_type = reader.optional_text("artifactType", kMaxMediaType);
  const json::value* const config = value.get_object().if_contains("config");
  if (config == nullptr) return fail(ErrorCode::invalid, "manifest: config: missing");
  STRATUS_TRY(config_descriptor, read_descriptor(*config, "config").with_context("manifest"));
  out.config = std::move(config_descriptor);
  STRATUS_TRY(layers, read_descriptors(reader, "layers", kMaxLayers).with_context("manifest"));
  out.layers = std::move(layers);
  STRATUS_CHECK(reader.done().with_context("manifest"));
  STRATUS_TRY(subject, read_subject(value).with_context("manifest"));
  out.subject = std::move(subject);
  STRATUS_TRY(annotations, read_annotations(value, "").with_context("manifest"));
  out.annotations = std::move(annotations);
  return out;
}

Result<Index> parse_index(std::string_view text) {
  STRATUS_TRY(kind, kind_of_document(text, "").with_context("index"));
  if (kind != DocumentKind::index) return fail(ErrorCode::invalid, "a manifest where an index should be");
  STRATUS_TRY(value, parse_json(text, kMaxManifest));
  ObjectReader reader(value, "");
  STRATUS_CHECK(check_schema_version(reader).with_context("index"));
  Index out;
  out.media_type = reader.optional_text("mediaType", kMaxMediaType);
  if (out.media_type.empty()) out.media_type = media::kIndex;
  out.artifact_type = reader.optional_text("artifactType", kMaxMediaType);
  STRATUS_TRY(manifests, read_descriptors(reader, "manifests", kMaxIndexEntries).with_context("index"));
  out.manifests = std::move(manifests);
  STRATUS_CHECK(reader.done().with_context("index"));
  STRATUS_TRY(subject, read_subject(value).with_context("index"));
  out.subject = std::move(subject);
  STRATUS_TRY(annotations, read_annotations(value, "").with_context("index"));
  out.annotations = std::move(annotations);
  return out;
}

std::string encode_manifest(const Manifest& manifest) {
  json::object out = begin_document(manifest);
  out["config"] = write_descriptor(manifest.config);
  json::array layers;
  for (const Descriptor& layer : manifest.layers) layers.push_back(write_descriptor(layer));
  out["layers"] = std::move(layers);
  return end_document(manifest, std::move(out));
}

std::string encode_index(const Index& index) {
  json::object out = begin_document(index);
  json::array manifests;
  for (const Descriptor& manifest : index.manifests) manifests.push_back(write_descriptor(manifest));
  out["manifests"] = std::move(manifests);
  return end_document(index, std::move(out));
}

Result<void> check_image(const Manifest& manifest) {
  const std::string& config = manifest.config.media_type;
  if (config != media::kConfig && config != media::kDockerConfig) {
    return fail(ErrorCode::invalid, fmt::format("not an image that can be run: its config is '{}'", config));
  }
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const Descriptor& layer = manifest.layers[i];
    STRATUS_CHECK(compression_of_media_type(layer.media_type).with_context(fmt::format("layer {}", i + 1)));
    if (layer.has_urls) {
      return fail(ErrorCode::invalid,
                  fmt::format("layer {} is to be fetched from elsewhere (urls): refused", i + 1));
    }
  }
  return {};
}

}  // namespace stratus::oci
