#include "stratus/oci/manifest.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::oci {
namespace {

Descriptor descriptor(std::string_view type, std::string_view content) {
  Descriptor out;
  out.media_type = type;
  out.digest = sha256(content);
  out.size = content.size();
  return out;
}

Manifest sample() {
  Manifest manifest;
  manifest.media_type = media::kManifest;
  manifest.config = descriptor(media::kConfig, "{}");
  manifest.layers = {descriptor(media::kLayerZstd, "one"), descriptor(media::kLayerGzip, "two")};
  manifest.layers[0].annotations["k"] = "v";
  manifest.annotations["org.opencontainers.image.version"] = "1";
  return manifest;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

void expect_refused(const std::string& text, const std::string& words) {
  const auto parsed = parse_manifest(text);
  ASSERT_FALSE(parsed) << text;
  EXPECT_EQ(parsed.error().code(), ErrorCode::invalid);
  EXPECT_NE(parsed.error().text().find(words), std::string::npos) << parsed.error().text();
}

TEST(Manifest, GoesBothWaysByteForByte) {
  const std::string text = encode_manifest(sample());
  const auto parsed = parse_manifest(text);
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(encode_manifest(*parsed), text);
  EXPECT_EQ(parsed->layers[0].annotation("k"), "v");
  EXPECT_TRUE(check_image(*parsed));
}

TEST(Manifest, KeepsSubjectAndArtifactType) {
  Manifest artifact = sample();
  artifact.artifact_type = media::kSignature;
  artifact.config = descriptor(media::kEmpty, "{}");
  artifact.subject = descriptor(media::kManifest, "subject");
  const auto parsed = parse_manifest(encode_manifest(artifact));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->subject->digest, sha256("subject"));
  EXPECT_EQ(parsed->effective_artifact_type(), media::kSignature);
  artifact.artifact_type.clear();
  EXPECT_EQ(parse_manifest(encode_manifest(artifact))->effective_artifact_type(), media::kEmpty);
}

TEST(Manifest, RefusesEveryDamage) {
  const std::string text = encode_manifest(sample());
  const std::string digest = sample().config.digest.text();
  expect_refused("", "JSON");
  expect_refused("[]", "not an object");
  expect_refused(text + "x", "JSON");
  expect_refused(text.substr(0, text.size() - 1), "JSON");
  expect_refused(replaced(text, "{\"schemaVersion\":2", "{\"schemaVersion\":1"), "schemaVersion");
  expect_refused(replaced(text, "{\"schemaVersion\":2", "{\"schemaVersion\":2,\"schemaVersion\":2"), "twice");
  expect_refused(replaced(text, digest, "sha256:short"), "config.digest");
  expect_refused(replaced(text, digest, replaced(digest, "sha256", "sha512")), "config.digest");
  expect_refused(replaced(text, "\"digest\":\"" + digest + "\",", ""), "config.digest");
  expect_refused(replaced(text, "\"size\":2", "\"size\":-2"), "config.size");
  expect_refused(replaced(text, "\"size\":2", "\"size\":\"2\""), "config.size");
  expect_refused(replaced(text, "\"size\":2", "\"size\":1e3"), "config.size");
  expect_refused(replaced(text, "\"config\":", "\"konfig\":"), "config");
  expect_refused(replaced(text, "\"layers\":[", "\"layers\":{\"a\":[") + "}", "not an array");
  expect_refused(replaced(text, "\"k\":\"v\"", "\"k\":1"), "annotations");
  expect_refused(replaced(text, std::string(media::kLayerZstd), "no media type"), "layers[0].mediaType");
  expect_refused(std::string(kMaxManifest + 1, ' '), "more than");
  expect_refused(std::string(1000, '[') + std::string(1000, ']'), "JSON");
}

TEST(Manifest, RefusesWhatCouldBeReadInTwoWays) {
  const std::string text = encode_manifest(sample());
  expect_refused(replaced(text, "\"layers\":", "\"manifests\":[],\"layers\":"),
                 "as a manifest and as an index");
  EXPECT_FALSE(kind_of_document(text, media::kIndex));
  EXPECT_FALSE(
      kind_of_document(replaced(text, std::string(media::kManifest), std::string(media::kIndex)), ""));
}

TEST(Manifest, RefusesForeignDocuments) {
  EXPECT_FALSE(
      kind_of_document(R"({"mediaType":"application/vnd.docker.distribution.manifest.v1+json"})", ""));
  EXPECT_FALSE(kind_of_document("{}", "text/html"));
  EXPECT_EQ(*kind_of_document("{\"config\":{}}", "application/vnd.oci.image.manifest.v1+json; charset=utf-8"),
            DocumentKind::manifest);
}

TEST(Image, RefusesWhatNoDeviceCanRun) {
  const auto expect_no_image = [](Manifest manifest, const std::string& words) {
    const auto checked = check_image(manifest);
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().text().find(words), std::string::npos) << checked.error().text();
  };
  Manifest chart = sample();
  chart.config.media_type = "application/vnd.cncf.helm.config.v1+json";
  expect_no_image(chart, "helm");
  Manifest foreign = sample();
  foreign.layers[1].media_type = "application/vnd.oci.image.layer.nondistributable.v1.tar";
  expect_no_image(foreign, "layer 2");
  Manifest elsewhere = sample();
  elsewhere.layers[0].has_urls = true;
  expect_no_image(elsewhere, "elsewhere");
}

TEST(Index, GoesBothWays) {
  Index index;
  index.media_type = media::kIndex;
  index.manifests = {descriptor(media::kManifest, "m")};
  index.manifests[0].platform = Platform{"linux", "arm64", "v8"};
  const std::string text = encode_index(index);
  const auto parsed = parse_index(text);
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->manifests[0].platform->architecture, "arm64");
  EXPECT_EQ(encode_index(*parsed), text);
  EXPECT_FALSE(parse_manifest(text));
  EXPECT_FALSE(parse_index(encode_manifest(sample())));
}

}  // namespace
}  // namespace stratus::oci
