#include "stratus/oci/registry_route.hpp"

#include <gtest/gtest.h>

namespace stratus::oci {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');
const std::string kUpload(32, '0');

RegistryRoute parse(const std::string& path) {
  OciError error;
  return parse_registry_route(path, error);
}

std::string refusal(const std::string& path) {
  OciError error;
  return parse_registry_route(path, error).endpoint == RegistryEndpoint::unknown ? error.code : "accepted";
}

TEST(RegistryRoute, KnowsEveryEndpoint) {
  EXPECT_EQ(parse("/v2").endpoint, RegistryEndpoint::base);
  EXPECT_EQ(parse("/v2/").endpoint, RegistryEndpoint::base);
  EXPECT_EQ(parse("/v2/_catalog").endpoint, RegistryEndpoint::catalog);
  EXPECT_EQ(parse("/v2/a/b/blobs/" + kDigest).endpoint, RegistryEndpoint::blob);
  EXPECT_EQ(parse("/v2/a/b/blobs/" + kDigest).name, "a/b");
  EXPECT_EQ(parse("/v2/a/blobs/uploads").endpoint, RegistryEndpoint::uploads);
  EXPECT_EQ(parse("/v2/a/blobs/uploads/").endpoint, RegistryEndpoint::uploads);
  EXPECT_EQ(parse("/v2/a/blobs/uploads/").name, "a");
  EXPECT_EQ(parse("/v2/a/blobs/uploads/" + kUpload).endpoint, RegistryEndpoint::upload);
  EXPECT_EQ(parse("/v2/a/manifests/latest").reference, "latest");
  EXPECT_FALSE(parse("/v2/a/manifests/latest").by_digest());
  EXPECT_TRUE(parse("/v2/a/manifests/" + kDigest).by_digest());
  EXPECT_TRUE(parse("/v2/a/manifests/sha256:" + std::string(64, 'a')).by_digest());
  EXPECT_EQ(parse("/v2/a/tags/list").endpoint, RegistryEndpoint::tags);
  EXPECT_EQ(parse("/v2/a/referrers/" + kDigest).endpoint, RegistryEndpoint::referrers);
}

TEST(RegistryRoute, NamesMayHoldTheWordsOfEndpoints) {
  EXPECT_EQ(parse("/v2/blobs/uploads/manifests/x").name, "blobs/uploads");
  EXPECT_EQ(parse("/v2/a/manifests/b/tags/list").name, "a/manifests/b");
  EXPECT_EQ(parse("/v2/manifests/blobs/uploads/" + kUpload).name, "manifests");
}

TEST(RegistryRoute, RefusesWhatCouldEscapeOrConfuse) {
  EXPECT_EQ(refusal("/v2/../manifests/x"), "NAME_INVALID");
  EXPECT_EQ(refusal("/v2/../manifests/x"), "NAME_INVALID");
  EXPECT_EQ(refusal("/v2/a/../b/manifests/x"), "NAME_INVALID");
  EXPECT_EQ(refusal("/v2//manifests/x"), "NAME_INVALID");
  EXPECT_EQ(refusal("/v2/A/manifests/x"), "NAME_INVALID");
  EXPECT_EQ(refusal("/v2/_tags/manifests/x"), "NAME_INVALID");
  EXPECT_EQ(refusal("/v2/a/manifests/.hidden"), "MANIFEST_UNKNOWN");
  EXPECT_EQ(refusal("/v2/a/manifests/"), "MANIFEST_UNKNOWN");
  EXPECT_EQ(refusal("/v2/a/blobs/sha256:abc"), "DIGEST_INVALID");
  EXPECT_EQ(refusal("/v2/a/blobs/sha512:" + std::string(128, 'a')), "DIGEST_INVALID");
  EXPECT_EQ(refusal("/v2/a/referrers/latest"), "DIGEST_INVALID");
  EXPECT_EQ(refusal("/v2/a/blobs/uploads/../../x"), "UNSUPPORTED");
  EXPECT_EQ(refusal("/v2/a/blobs/uploads/x"), "BLOB_UPLOAD_UNKNOWN");
  EXPECT_EQ(refusal(""), "UNSUPPORTED");
  EXPECT_EQ(refusal("/v2/a"), "UNSUPPORTED");
  EXPECT_EQ(refusal("/v3/"), "UNSUPPORTED");
}

TEST(OciError, IsTheSpecifiedBody) {
  EXPECT_EQ(encode_oci_error({404, "BLOB_UNKNOWN", "say \"x\""}),
            R"({"errors":[{"code":"BLOB_UNKNOWN","message":"say \"x\""}]})");
}

}  // namespace
}  // namespace stratus::oci
