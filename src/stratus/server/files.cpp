#include "stratus/server/files.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/ulid.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/database_calls.hpp"
#include "stratus/server/receive_body.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxVersion = 128;
constexpr std::int64_t kDay = 86'400'000;  // ms

std::int64_t number_of(const std::optional<std::string>& text) {
  std::int64_t value = -1;
  if (text) (void)std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

// As the asker reached us; the path alone when its Host field is no plain host and port.
std::string absolute(const net::RequestHead& request, const std::string& path) {
  const std::string_view host = request.headers.get("Host").value_or("");
  const bool plain = !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']';
  });
  return plain ? fmt::format("{}://{}{}", request.secure ? "https" : "http", host, path) : path;
}

// What browsers may show; everything else is only to be saved, never run.
std::string_view media_type_of(std::string_view name) {
  const auto ends = [&](std::string_view end) {
    return name.size() > end.size() &&
           std::equal(end.rbegin(), end.rend(), name.rbegin(), [](char a, char b) {
             return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
           });
  };
  if (ends(".png")) return "image/png";
  if (ends(".jpg") || ends(".jpeg")) return "image/jpeg";
  if (ends(".gif")) return "image/gif";
  if (ends(".webp")) return "image/webp";
  if (ends(".bmp")) return "image/bmp";
  return "application/octet-stream";
}

std::string file_path(const std::string& repository, const std::string& digest, const std::string& name) {
  return fmt::format("/api/v1/files/{}/{}/{}", digest, net::percent_encode(name), repository);
}

}  // namespace

bool is_file_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name == "." || name == "..") return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/' || c == '\\';
  });
}

void Files::register_routes(Router& router) {
  router.add("POST", "/api/v1/uploads", Scope::releases_write,
             [this](Call& call) { return start_upload(call); });
  // The signature is the permission.
  router.add("PUT", "/api/v1/uploads/{id}/file", Scope::open,
             [this](Call& call) { return take_upload(call); });
  router.add("GET", "/api/v1/files/{digest}/{name}/{repository*}", Scope::open,
             [this](Call& call) { return send_file(call); });
}

Result<void> Files::check_link(const net::RequestHead& request, std::string_view method) const {
  const std::string signature = request.query("signature").value_or("");
  const std::int64_t now = system_clock().wall().time_since_epoch().count() / 1000;
  return signer_.verify(method, request.path, number_of(request.query("expires")), signature, now);
}

net::Task<Result<std::pair<db::Upload, Files::Link>>> Files::begin_upload(const Call& call,
                                                                          std::string file_name,
                                                                          std::string version) {
  if (!is_file_name(file_name)) {
    co_return fail(ErrorCode::invalid,
                   "a file name has 1 to 255 bytes, no '/', no '\\' and no control characters");
  }
  if (version.size() > kMaxVersion) co_return fail(ErrorCode::invalid, "a version has at most 128 bytes");
  db::Upload upload;
  upload.id = new_ulid();
  upload.file_name = std::move(file_name);
  upload.version = std::move(version);
  upload.created_by = call.principal().label();
  upload.created_ms = now_ms();
  upload.expires_ms = upload.created_ms + limits_.upload_lifetime.count() * 1000;
  db::Database::Work work = [&](db::Transaction& transaction) { return db::add_upload(transaction, upload); };
  auto added = co_await commit(database_, work);
  if (!added) co_return forward_error(std::move(added));
  const std::string path =
      signer_.signed_path("PUT", "/api/v1/uploads/" + upload.id + "/file", upload.expires_ms / 1000);
  Link link{absolute(call.request(), path), upload.expires_ms};
  co_return std::pair(std::move(upload), std::move(link));
}

net::Task<Result<void>> Files::start_upload(Call& call) {
  auto body = co_await call.read_json();
  if (!body) co_return forward_error(std::move(body));
  ObjectReader reader(*body, "upload");
  const std::string file_name = reader.text("file_name", 255);
  const std::string version = reader.optional_text("version", kMaxVersion);
  STRATUS_CO_CHECK(reader.done());
  auto begun = co_await begin_upload(call, file_name, version);
  if (!begun) co_return forward_error(std::move(begun));
  const auto& [upload, link] = *begun;
  const std::string answer = json::serialize(json::object{{"id", upload.id},
                                                          {"method", "PUT"},
                                                          {"url", link.url},
                                                          {"max_size", limits_.file_size},
                                                          {"expires_at", format_time_ms(link.expires_ms)}});
  const std::string location = "/api/v1/uploads/" + upload.id;
  co_return co_await call.respond_created(location, answer);
}

net::Task<Result<void>> Files::take_upload(Call& call) {
  STRATUS_CO_CHECK(check_link(call.request(), "PUT"));
  const std::string id = call.parameter("id");
  const auto too_large = [&]() -> Result<void> {
    return fail(ErrorCode::no_space, "a file has at most " + human_bytes(limits_.file_size));
  };
  if (call.request().content_length.value_or(0) > limits_.file_size) co_return too_large();
  auto find = [&] { return db::find_upload(database_, id); };
  auto upload = co_await reads_.run(find);
  if (!upload) co_return forward_error(std::move(upload));
  auto create = [&] { return repositories_.blobs().create(); };
  auto writer = co_await writes_.run(create);
  if (!writer) co_return forward_error(std::move(writer));
  store::BlobWriter& blob = **writer;
  std::uint64_t received = 0;
  auto taken = co_await receive_body(call.exchange(), blob, writes_, received);
  if (!taken) co_return taken;
  if (received > limits_.file_size) co_return too_large();
  if (received == 0) co_return fail(ErrorCode::invalid, "the file is empty");
  const Digest digest = blob.digest();
  auto store = [&] { return blob.commit(digest); };
  auto stored = co_await writes_.run(store);
  if (!stored) co_return forward_error(std::move(stored));
  db::Database::Work work = [&](db::Transaction& transaction) {
    return db::finish_upload(transaction, id, digest.text(), static_cast<std::int64_t>(received));
  };
  auto finished = co_await commit(database_, work);
  if (!finished) co_return finished;
  const std::string answer = json::serialize(json::object{
      {"id", id}, {"file_name", upload->file_name}, {"digest", digest.text()}, {"size", received}});
  co_return co_await call.respond_json(200, answer);
}

net::Task<Result<db::Upload>> Files::finished_upload(std::string id) const {
  auto find = [&] { return db::find_upload(database_, id); };
  auto upload = co_await reads_.run(find);
  if (!upload) co_return forward_error(std::move(upload));
  if (upload->digest.empty()) {
    co_return fail(ErrorCode::conflict, "the file of upload " + id + " has not come: send it first",
                   "upload_incomplete");
  }
  co_return std::move(*upload);
}

Files::Link Files::download_link(const net::RequestHead& request, const std::string& repository,
                                 const std::string& digest, const std::string& file_name) const {
  const std::int64_t expires_ms = now_ms() + limits_.download_lifetime.count() * 1000;
  const std::string path =
      signer_.signed_path("GET", file_path(repository, digest, file_name), expires_ms / 1000);
  return {absolute(request, path), expires_ms};
}

std::string Files::download_path(const std::string& repository, const std::string& digest,
                                 const std::string& file_name) const {
  const std::int64_t expires_ms = now_ms() + limits_.download_lifetime.count() * 1000;
  return signer_.signed_path("GET", file_path(repository, digest, file_name), expires_ms / 1000);
}

net::Task<Result<void>> Files::send_file(Call& call) {
  STRATUS_CO_CHECK(check_link(call.request(), "GET"));
  const auto digest = Digest::parse(call.parameter("digest"));
  if (!digest) co_return fail(digest.error());
  const std::string name = call.parameter("name");
  const std::string repository = call.parameter("repository");
  auto open = [&] { return repositories_.open_blob(repository, *digest); };
  auto reader = co_await reads_.run(open);
  if (!reader) co_return forward_error(std::move(reader));
  net::ResponseHead head;
  net::ByteRange range{0, reader->size};
  const auto verdict = net::parse_range(call.request().headers.get("Range"), reader->size, range);
  if (verdict == net::RangeVerdict::unsatisfiable) {
    head.status = 416;
    head.headers.set("Content-Range", fmt::format("bytes */{}", reader->size));
    const std::string empty;
    (void)co_await call.exchange().respond(head, empty);
    co_return Result<void>();
  }
  if (verdict == net::RangeVerdict::partial) {
    head.status = 206;
    head.headers.set("Content-Range", fmt::format("bytes {}-{}/{}", range.first,
                                                  range.first + range.length - 1, reader->size));
  }
  head.headers.set("Content-Type", std::string(media_type_of(name)));
  head.headers.set("Content-Disposition", "attachment; filename*=UTF-8''" + net::percent_encode(name));
  head.headers.set("X-Content-Type-Options", "nosniff");
  head.headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
  head.headers.set("Accept-Ranges", "bytes");
  head.headers.set("ETag", '"' + digest->hex() + '"');
  const int fd = reader->fd.get();
  (void)co_await call.exchange().respond_file(head, fd, range.first, range.length);
  if (store::FileBlobStore::is_touch_due(*reader)) {  // as Registry::get_blob
    reads_.post([&blobs = repositories_.blobs(), blob = *digest] { (void)blobs.touch(blob); });
  }
  co_return Result<void>();
}

net::Task<void> Files::clean() {
  db::Database::Work work = [before = now_ms() - kDay](db::Transaction& transaction) {
    return db::remove_expired_uploads(transaction, before);
  };
  (void)co_await commit(database_, work);
}

}  // namespace stratus::server
