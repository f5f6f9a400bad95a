#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/cli/image_target.hpp"
#include "stratus/cli/release_list.hpp"
#include "stratus/cli/server_connection.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::cli {
namespace {

constexpr std::uint64_t kChunk = 16u << 20;  // one request of an upload: small enough to repeat after a cut
constexpr int kMaxPushTries = 5;
constexpr int kInsufficientStorage = 507;

std::string blob_url(const std::string& name, const Digest& digest) {
  return fmt::format("/v2/{}/blobs/{}", name, digest.text());
}

class ServerTarget : public ImageTarget {
 public:
  explicit ServerTarget(std::unique_ptr<ServerConnection> server) : server_(std::move(server)) {}

  Result<std::vector<PublishedVersion>> versions(const std::string& name) override {
    STRATUS_TRY(list, fetch_releases(*server_, name));
    std::vector<PublishedVersion> out;
    for (const ReleaseLine& line : list) out.push_back({line.version, line.digest, line.is_target});
    return out;
  }

  Result<std::string> fetch_manifest(const std::string& name, const Digest& digest) override {
    Request request;
    request.path = fmt::format("/v2/{}/manifests/{}", name, digest.text());
    request.accept = fmt::format("{}, {}", oci::media::kManifest, oci::media::kDockerManifest);
    return fetch_verified(request, digest);
  }
  Result<std::string> fetch_text(const std::string& name, const Digest& blob, std::uint64_t limit) override {
    Request request;
    request.path = blob_url(name, blob);
    request.max_answer = limit;
    return fetch_verified(request, blob);
  }
  Result<void> fetch_blob(const std::string& name, const oci::Descriptor& blob,
                          const ByteSink& sink) override {
    Sha256 hash;
    STRATUS_CHECK(server_->download(blob_url(name, blob.digest), [&](BytesView bytes) {
      hash.update(bytes);
      return sink(bytes);
    }));
    if (hash.finish() == blob.digest) return {};
    return fail(ErrorCode::corrupt,
                fmt::format("the server's blob {} is not what its name says", blob.digest.text()));
  }

  Result<bool> has_blob(const std::string& name, const oci::Descriptor& blob) override {
    Request request;
    request.method = "HEAD";
    request.path = blob_url(name, blob.digest);
    STRATUS_TRY(answer, server_->send(request));
    if (answer.status == 200) return true;
    if (answer.status == 404) return false;
    return fail(refusal(request, answer));
  }

  // In chunks; after a cut the server is asked how far it came.
  Result<void> put_blob(const std::string& name, const oci::Descriptor& blob,
                        const std::filesystem::path& file, const OnBytes& on_bytes) override {
    STRATUS_TRY(location, begin_upload(name));
    std::uint64_t sent = 0, reported = 0;
    int tries = 0;
    while (sent < blob.size) {
      Request request;
      request.method = "PATCH";
      request.path = location;
      request.content_type = "application/octet-stream";
      request.file = file;
      request.offset = sent;
      request.length = std::min(kChunk, blob.size - sent);
      request.headers.set("Content-Range", fmt::format("{}-{}", sent, sent + request.length - 1));
      const Result<Answer> answer = server_->send(request);
      if (answer && answer->status == 202) {
        sent += request.length;
        tries = 0;
        if (const auto next = answer->headers.get("Location")) location = *next;
      } else {
        // A full disk does not empty by asking again, but what came so far need not fill it.
        const bool full = answer && answer->status == kInsufficientStorage;
        if (full) give_up_upload(location);
        const bool permanent = full || (answer && answer->status < 500 && answer->status != 416);
        if (permanent || ++tries >= kMaxPushTries)
          return fail(answer ? refusal(request, *answer) : answer.error());
        STRATUS_TRY(received, ask_progress(location));
        sent = std::min(received, blob.size);
      }
      if (sent > reported) on_bytes(sent - reported);
      reported = std::max(reported, sent);
    }
    return finish_upload(name, location, blob.digest, "");
  }

  Result<void> put_text(const std::string& name, std::string_view text) override {
    oci::Descriptor blob;
    blob.digest = sha256(text);
    STRATUS_TRY(there, has_blob(name, blob));
    if (there) return {};
    STRATUS_TRY(location, begin_upload(name));
    return finish_upload(name, location, blob.digest, std::string(text));
  }

  Result<void> put_manifest(const std::string& name, const std::string& tag, std::string_view text,
                            const std::string& media_type) override {
    Request request;
    request.method = "PUT";
    request.path = fmt::format("/v2/{}/manifests/{}", name, tag.empty() ? sha256(text).text() : tag);
    request.content_type = media_type;
    request.body = text;
    STRATUS_CHECK(server_->expect_success(request));
    return {};
  }

  Result<std::vector<oci::Descriptor>> referrers(const std::string& name, const Digest& manifest) override {
    Request request;
    request.path = fmt::format("/v2/{}/referrers/{}", name, manifest.text());
    STRATUS_TRY(answer, server_->expect_success(request));
    STRATUS_TRY(index, oci::parse_index(answer.body).with_context("GET " + request.path));
    return std::move(index.manifests);
  }

  Result<void> register_version(const std::string& name, const std::string& version,
                                const Digest& manifest) override {
    Request request;
    request.method = "PUT";
    request.path = fmt::format("/api/v1/releases/{}/versions/{}", net::percent_encode(name),
                               net::percent_encode(version));
    request.content_type = "application/json";
    request.body = boost::json::serialize(boost::json::object{{"digest", manifest.text()}});
    STRATUS_CHECK(server_->expect_success(request));
    return {};
  }

 private:
  Result<std::string> fetch_verified(const Request& request, const Digest& digest) {
    STRATUS_TRY(answer, server_->expect_success(request));
    if (sha256(answer.body) == digest) return std::move(answer.body);
    return fail(ErrorCode::corrupt,
                fmt::format("GET {}: the answer is not what its digest says", request.path));
  }

  Result<std::string> begin_upload(const std::string& name) {
    Request request;
    request.method = "POST";
    request.path = fmt::format("/v2/{}/blobs/uploads/", name);
    request.repeatable = true;  // the server clears abandoned uploads away
    STRATUS_TRY(answer, server_->expect_success(request));
    const auto location = answer.headers.get("Location");
    if (!location)
      return fail(ErrorCode::corrupt, fmt::format("POST {}: no Location in the answer", request.path));
    return std::string(*location);
  }

  void give_up_upload(const std::string& location) {
    Request request;
    request.method = "DELETE";
    request.path = location;
    (void)server_->send(request);  // the server forgets abandoned uploads by itself, later
  }

  Result<std::uint64_t> ask_progress(const std::string& location) {
    Request request;
    request.path = location;
    STRATUS_TRY(answer, server_->expect_success(request));
    // "Range: 0-N" names the last byte; an upload without any has "0-0" or none.
    const std::string range(answer.headers.get("Range").value_or("0-0"));
    const std::uint64_t last = std::strtoull(range.substr(range.find('-') + 1).c_str(), nullptr, 10);
    return last == 0 ? 0 : last + 1;
  }

  Result<void> finish_upload(const std::string& name, const std::string& location, const Digest& digest,
                             std::string rest) {
    Request request;
    request.method = "PUT";
    request.path = fmt::format("{}{}digest={}", location, location.find('?') == location.npos ? "?" : "&",
                               net::percent_encode(digest.text()));
    request.content_type = "application/octet-stream";
    request.body = std::move(rest);
    const Result<Answer> answer = server_->expect_success(request);
    if (answer) return {};
    // The answer to an upload that did succeed may have been lost.
    oci::Descriptor blob;
    blob.digest = digest;
    STRATUS_TRY(there, has_blob(name, blob));
    return there ? Result<void>() : fail(answer.error());
  }

  std::unique_ptr<ServerConnection> server_;
};

}  // namespace

Result<std::unique_ptr<ImageTarget>> open_server_target(const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  return std::unique_ptr<ImageTarget>(new ServerTarget(std::move(server)));
}

}  // namespace stratus::cli
