#include "stratus/cli/artifact_signature.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/cli/server_connection.hpp"
#include "stratus/cli/signature.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kFirmwarePage = 500;

// Newest first, as they came to the server.
Result<std::vector<PublishedVersion>> firmware_versions(ServerConnection& server, std::string_view board) {
  std::vector<PublishedVersion> found;
  std::string cursor;
  do {
    Request get;
    get.path = fmt::format("/api/v1/firmware?limit={}&sort=newest&search={}{}", kFirmwarePage,
                           net::percent_encode(board), cursor.empty() ? "" : "&cursor=" + cursor);
    STRATUS_TRY(answer, server.expect_success(get));
    STRATUS_TRY(page, parse_json(answer.body, kMaxAnswer));
    ObjectReader reader(page, "list");
    for (const json::value& item : reader.optional_array("items", kFirmwarePage)) {
      ObjectReader firmware(item, "firmware");
      const std::string name = firmware.text("name", 128);
      std::string version = firmware.text("version", 128);
      const Digest manifest = firmware.digest("manifest");
      STRATUS_CHECK(firmware.done());
      if (name == board) found.push_back({std::move(version), manifest, false});
    }
    cursor = net::percent_encode(reader.optional_text("next", 1024));
    STRATUS_CHECK(reader.done());
  } while (!cursor.empty());
  return found;
}

Result<Digest> content_manifest(ServerConnection& server, const std::string& id) {
  Request get;
  get.path = "/api/v1/content/" + net::percent_encode(id);
  STRATUS_TRY(answer, server.expect_success(get));
  STRATUS_TRY(content, parse_json(answer.body, kMaxAnswer));
  ObjectReader reader(content, "content");
  const Digest manifest = reader.digest("manifest");
  STRATUS_CHECK(reader.done());
  return manifest;
}

}  // namespace

Result<void> sign_artifact(const oci::Reference& reference, const crypto::SigningKey& key,
                           const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(target, open_server_target(common));
  oci::Descriptor manifest;
  manifest.media_type = oci::media::kManifest;
  SignOptions options;
  if (wire::update_kind_of(reference.name) == wire::UpdateKind::firmware) {
    const std::string_view board = std::string_view(reference.name).substr(wire::kFirmwarePrefix.size());
    STRATUS_TRY(versions, firmware_versions(*server, board));
    for (const PublishedVersion& one : versions)
      if (one.version == reference.tag) manifest.digest = one.manifest;
    if (manifest.digest.empty()) {
      return fail(ErrorCode::not_found,
                  fmt::format("firmware {} has no version {}: see `stratus firmware list --search {}`", board,
                              reference.tag, board));
    }
    STRATUS_TRY(newest, newest_counter(*target, reference.name, versions, key.public_key()));
    options.newest = newest;
    options.renew = true;
  } else {
    STRATUS_TRY(digest, content_manifest(*server, reference.tag));
    manifest.digest = digest;
  }
  STRATUS_TRY(text, target->fetch_manifest(reference.name, manifest.digest));
  manifest.size = text.size();
  STRATUS_CHECK(send_signature(*target, reference.name, reference.tag, manifest, key, options));
  return {};
}

}  // namespace stratus::cli
