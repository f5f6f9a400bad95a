#include "stratus/cli/artifacts.hpp"

#include <cstdio>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/bytes.hpp"
#include "stratus/base/file.hpp"
#include "stratus/base/json.hpp"
#include "stratus/cli/artifact_signature.hpp"
#include "stratus/cli/progress.hpp"
#include "stratus/cli/server_connection.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kPage = 500;

std::string collection(ArtifactKind kind) {
  return kind == ArtifactKind::firmware ? "/api/v1/firmware" : "/api/v1/content";
}
std::string item_path(ArtifactKind kind, const std::string& id) {
  return collection(kind) + "/" + net::percent_encode(id);
}

Result<json::value> ask(ServerConnection& server, std::string method, std::string path,
                        std::string body = {}) {
  Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  if (!body.empty()) request.content_type = "application/json";
  request.body = std::move(body);
  STRATUS_TRY(answer, server.expect_success(request));
  if (answer.body.empty()) return json::value();
  return parse_json(answer.body, kMaxAnswer);
}

Result<Digest> digest_of(const fs::path& path, Progress& progress) {
  STRATUS_TRY(file, open_file(path, O_RDONLY));
  STRATUS_TRY(size, file_size(file.get()));
  progress.start("reading " + path.filename().string(), size);
  Sha256 hash;
  Bytes buffer(1u << 20);
  for (std::uint64_t offset = 0; offset < size;) {
    const std::span piece(buffer.data(), std::min<std::uint64_t>(buffer.size(), size - offset));
    STRATUS_CHECK(pread_exact(file.get(), piece, offset));
    hash.update(piece);
    offset += piece.size();
    progress.set(offset);
  }
  return hash.finish();
}

// Sends one file; answers the id of its upload. What arrived must be what was read here.
Result<std::string> upload(ServerConnection& server, const fs::path& path, Progress& progress) {
  STRATUS_TRY(expected, digest_of(path, progress).with_context(path.string()));
  std::error_code failed;
  const std::uint64_t size = fs::file_size(path, failed);
  if (failed) return fail(ErrorCode::invalid, path.string() + ": " + failed.message());
  STRATUS_TRY(begun, ask(server, "POST", "/api/v1/uploads",
                         json::serialize(json::object{{"file_name", path.filename().string()}})));
  ObjectReader reader(begun, "upload");
  const std::string id = reader.text("id", 64);
  const std::string url = reader.text("url", 4096);
  STRATUS_CHECK(reader.done());
  Request put;
  put.method = "PUT";
  put.path = url;
  put.content_type = "application/octet-stream";
  put.file = path;
  put.length = size;
  progress.start("sending " + path.filename().string(), size);
  STRATUS_TRY(answer, server.expect_success(put));
  STRATUS_TRY(stored, parse_json(answer.body, kMaxAnswer));
  ObjectReader received(stored, "upload");
  const Digest digest = received.digest("digest");
  STRATUS_CHECK(received.done());
  if (digest != expected) {
    return fail(ErrorCode::corrupt, fmt::format("{} arrived as {}, not {}: it changed meanwhile; try again",
                                                path.string(), digest.text(), expected.text()));
  }
  return id;
}

std::string line_of(ArtifactKind kind, const json::value& item) {
  const auto text = [&](const char* key) {
    const json::value* const found = item.as_object().if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
  };
  const auto size = [&](const json::value& file) {
    const json::value* const found = file.as_object().if_contains("size");
    return human_bytes(found != nullptr && found->is_int64() ? static_cast<std::uint64_t>(found->as_int64())
                                                             : 0);
  };
  if (kind == ArtifactKind::firmware) {
    return fmt::format("{:<26}  {:<24} {:<14} {:>9}  {:.19}  {}", text("id"), text("name"), text("version"),
                       size(item), text("created_at"), text("notes").substr(0, text("notes").find('\n')));
  }
  const json::value* const display = item.as_object().if_contains("display");
  return fmt::format("{:<26}  {:<32} {:>9}  {:.19}", text("id"), text("title"),
                     display != nullptr && display->is_object() ? size(*display) : "", text("created_at"));
}

// Read before anything is sent; nothing without a file.
Result<std::optional<crypto::SigningKey>> load_key(const fs::path& file) {
  if (file.empty()) return std::optional<crypto::SigningKey>();
  STRATUS_TRY(key, crypto::SigningKey::load(file).with_context(
                       "--sign-key (the release.key that `stratus key generate` made)"));
  return std::optional(std::move(key));
}

}  // namespace

Result<void> push_firmware(const FirmwareOptions& options, const CommonOptions& common) {
  STRATUS_TRY(reference, oci::parse_reference(options.reference));
  if (reference.tag.empty()) return fail(ErrorCode::invalid, "say which version: NAME:VERSION");
  STRATUS_TRY(key, load_key(options.sign_key));
  STRATUS_TRY(server, ServerConnection::open(common));
  Progress progress(common);
  STRATUS_TRY(id, upload(*server, options.file, progress));
  json::object body{{"name", reference.name}, {"version", reference.tag}, {"upload", id}};
  if (!options.notes.empty()) body["notes"] = options.notes;
  if (!options.classes.empty()) {
    json::array classes;
    for (const std::string& one : options.classes) classes.emplace_back(one);
    body["classes"] = std::move(classes);
  }
  json::array parts;
  for (const auto& [kind, file] : {std::pair{"assets", &options.assets},
                                   {"configuration", &options.configuration},
                                   {"secondary", &options.secondary}}) {
    if (file->empty()) continue;
    STRATUS_TRY(part, upload(*server, *file, progress));
    parts.push_back(json::object{{"kind", kind}, {"upload", part}});
  }
  if (!parts.empty()) body["components"] = std::move(parts);
  STRATUS_TRY(added, ask(*server, "POST", "/api/v1/firmware", json::serialize(body)));
  if (key) {
    reference.name.insert(0, wire::kFirmwarePrefix);
    STRATUS_CHECK(sign_artifact(reference, *key, common));
  }
  progress.clear();
  print_json(common, json::serialize(added));
  say(common, fmt::format("{} is firmware {}", options.reference, std::string(added.at("id").as_string())));
  return {};
}

Result<void> push_content(const ContentOptions& options, const CommonOptions& common) {
  STRATUS_TRY(key, load_key(options.sign_key));
  STRATUS_TRY(server, ServerConnection::open(common));
  Progress progress(common);
  STRATUS_TRY(original, upload(*server, options.original, progress));
  STRATUS_TRY(display, upload(*server, options.display, progress));
  const json::object body{{"title", options.title},
                          {"description", options.description},
                          {"original", original},
                          {"display", display}};
  STRATUS_TRY(added, ask(*server, "POST", "/api/v1/content", json::serialize(body)));
  const std::string id(added.at("id").as_string());
  if (key) {
    const oci::Reference reference{std::string(wire::kContentName), id, {}};
    STRATUS_CHECK(sign_artifact(reference, *key, common));
  }
  progress.clear();
  print_json(common, json::serialize(added));
  say(common, fmt::format("'{}' is content {}", options.title, id));
  return {};
}

Result<void> list_artifacts(ArtifactKind kind, const ArtifactListOptions& options,
                            const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  json::array all;
  std::string cursor;
  do {
    std::string path =
        fmt::format("{}?limit={}&sort={}", collection(kind), kPage, net::percent_encode(options.sort));
    if (!options.search.empty()) path += "&search=" + net::percent_encode(options.search);
    if (!cursor.empty()) path += "&cursor=" + net::percent_encode(cursor);
    STRATUS_TRY(page, ask(*server, "GET", path));
    ObjectReader reader(page, "list");
    for (const json::value& item : reader.optional_array("items", kPage)) {
      if (!item.is_object()) return fail(ErrorCode::corrupt, "list: an item is no object");
      if (!common.json && !common.quiet) fmt::print("{}\n", line_of(kind, item));
      if (common.json) all.push_back(item);
    }
    cursor = reader.optional_text("next", 1024);
    STRATUS_CHECK(reader.done());
  } while (!cursor.empty());
  print_json(common, json::serialize(json::object{{"items", std::move(all)}}));
  return {};
}

Result<void> show_artifact(ArtifactKind kind, const std::string& id, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_TRY(item, ask(*server, "GET", item_path(kind, id)));
  if (!item.is_object()) return fail(ErrorCode::corrupt, "the answer is no object");
  print_json(common, json::serialize(item));
  for (const auto& [key, value] : item.as_object()) {
    const std::string text = value.is_string() ? std::string(value.as_string()) : json::serialize(value);
    say(common, fmt::format("{:<12} {}", std::string(key), text));
  }
  return {};
}

Result<void> download_artifact(ArtifactKind kind, const std::string& id, const std::string& which,
                               const fs::path& out, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  std::string path = item_path(kind, id) + "/link";
  if (kind == ArtifactKind::content) path += "?file=" + net::percent_encode(which);
  STRATUS_TRY(link, ask(*server, "POST", path));
  ObjectReader reader(link, "link");
  const std::string url = reader.text("url", 4096);
  const Digest expected = reader.digest("digest");
  const std::uint64_t size = reader.number("size");
  STRATUS_CHECK(reader.done());
  const fs::path partial = out.string() + ".partial";
  STRATUS_TRY(file, open_file(partial, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  Progress progress(common);
  progress.start("fetching", size);
  Sha256 hash;
  auto fetched = server->download(url, [&](BytesView bytes) -> Result<void> {
    hash.update(bytes);
    progress.advance(bytes.size());
    return write_all(file.get(), bytes);
  });
  if (fetched && hash.finish() != expected) {
    fetched = fail(ErrorCode::corrupt, "what came is not " + expected.text());
  }
  // link(), unlike rename(), never writes over a file.
  if (fetched && ::link(partial.c_str(), out.c_str()) != 0)
    fetched = fail(Error::from_errno("make " + out.string()));
  std::error_code ignored;
  fs::remove(partial, ignored);
  STRATUS_CHECK(std::move(fetched));
  progress.clear();
  print_json(common, json::serialize(link));
  say(common, fmt::format("{}: {}", out.string(), human_bytes(size)));
  return {};
}

Result<void> remove_artifact(ArtifactKind kind, const std::string& id, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  STRATUS_CHECK(ask(*server, "DELETE", item_path(kind, id)));
  print_json(common, json::serialize(json::object{{"removed", id}}));
  say(common, "removed " + id);
  return {};
}

}  // namespace stratus::cli
