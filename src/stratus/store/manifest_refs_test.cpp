#include "stratus/store/manifest_refs.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::store {
namespace {

const std::string kDigest = sha256("x").text();

std::string descriptor(const std::string& type = "application/octet-stream") {
  return R"({"mediaType":")" + type + R"(","digest":")" + kDigest + R"(","size":1})";
}

TEST(ManifestRefs, ReadsAnImageManifest) {
  const std::string text = R"({"schemaVersion":2,"config":)" + descriptor("c/x") + R"(,"layers":[)" +
                           descriptor() + R"(],"subject":)" + descriptor() + R"(,"annotations":{"a":"b"}})";
  const auto refs = parse_manifest_refs(text, "");
  ASSERT_TRUE(refs) << refs.error().text();
  EXPECT_EQ(refs->media_type, kOciManifest);
  EXPECT_FALSE(refs->is_index);
  EXPECT_EQ(refs->layers.size(), 1u);
  EXPECT_EQ(refs->subject->digest.text(), kDigest);
  EXPECT_EQ(refs->artifact_type, "c/x");
  EXPECT_EQ(refs->annotations.at("a"), "b");
  EXPECT_TRUE(parse_manifest_refs(text, kDockerManifest));
}

TEST(ManifestRefs, ReadsAnIndex) {
  const std::string text = R"({"schemaVersion":2,"artifactType":"a/b","manifests":[)" + descriptor() + "]}";
  const auto refs = parse_manifest_refs(text, kOciIndex);
  ASSERT_TRUE(refs) << refs.error().text();
  EXPECT_TRUE(refs->is_index);
  EXPECT_EQ(refs->artifact_type, "a/b");
  EXPECT_EQ(refs->manifests.size(), 1u);
}

TEST(ManifestRefs, RefusesWhatIsNoManifest) {
  const std::string config = R"("config":)" + descriptor();
  for (const std::string& bad :
       std::vector<std::string>{"", "[]", "null", "{}", R"({"schemaVersion":1})", R"({"schemaVersion":2})",
                                R"({"schemaVersion":2,)" + config + "}", R"({"schemaVersion":2,"layers":[]})",
                                R"({"schemaVersion":2,"schemaVersion":2,"layers":[],)" + config + "}",
                                R"({"schemaVersion":2,"layers":{},)" + config + "}",
                                R"({"schemaVersion":2,"layers":[{}],)" + config + "}",
                                R"({"schemaVersion":2,"layers":[],"manifests":[],)" + config + "}",
                                R"({"schemaVersion":2,"layers":[],"subject":{"digest":"x"},)" + config + "}",
                                R"({"schemaVersion":2,"layers":[],"annotations":{"a":1},)" + config + "}",
                                R"({"schemaVersion":2,"mediaType":"text/plain","layers":[],)" + config + "}",
                                R"({"schemaVersion":2,"layers":[],"x":)" + std::string(100'000, '[') +
                                    std::string(100'000, ']') + "," + config + "}"}) {
    const auto refs = parse_manifest_refs(bad, "");
    ASSERT_FALSE(refs) << bad;
    EXPECT_EQ(refs.error().code(), ErrorCode::invalid) << refs.error().text();
  }
  const std::string good =
      R"({"schemaVersion":2,"mediaType":")" + std::string(kOciManifest) + R"(","layers":[],)" + config + "}";
  EXPECT_TRUE(parse_manifest_refs(good, kOciManifest));
  EXPECT_FALSE(parse_manifest_refs(good, kOciIndex));
  EXPECT_FALSE(parse_manifest_refs(good, "text/plain"));
}

}  // namespace
}  // namespace stratus::store
