#include "stratus/server/firmware.hpp"

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/base/log.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/ulid.hpp"
#include "stratus/db/rollout_sums.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/oci/reference.hpp"
#include "stratus/server/artifact_lists.hpp"
#include "stratus/server/artifact_shelf.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/database_calls.hpp"
#include "stratus/server/firmware_parts.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;
namespace media = oci::media;

constexpr std::size_t kMaxNotes = 16u << 10;  // bytes
constexpr std::size_t kMaxClasses = 32;
// Where firmware goes whose uploader knows only file names (C15).
constexpr std::string_view kDefaultName = "default";

std::string repository_of(const std::string& name) { return "firmware/" + name; }

// "a b" from ["a", "b"]: words, so that a space can stand between them.
std::string read_classes(ObjectReader& reader) {
  std::string joined;
  for (const json::value& item : reader.optional_array("classes", kMaxClasses)) {
    const auto* const text = item.if_string();
    if (text == nullptr || !oci::is_tag(std::string(*text))) {
      reader.reject("classes", "1 to 128 of letters, digits, '.', '_' and '-' each");
      return "";
    }
    joined += (joined.empty() ? "" : " ") + std::string(*text);
  }
  return joined;
}

json::object describe(const db::Firmware& firmware) {
  json::array classes;
  std::string_view rest = firmware.classes;
  while (!rest.empty()) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    classes.emplace_back(rest.substr(0, space));
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return {{"id", firmware.id},
          {"name", firmware.name},
          {"version", firmware.version},
          {"file_name", firmware.file_name},
          {"notes", firmware.notes},
          {"classes", std::move(classes)},
          {"digest", firmware.digest},
          {"size", firmware.size},
          {"repository", repository_of(firmware.name)},
          {"manifest", firmware.manifest},
          {"created_by", firmware.created_by},
          {"created_at", format_time_ms(firmware.created_ms)}};
}

// What its manifest holds beside the firmware.
Result<json::array> describe_parts(const store::RepositoryStore& repositories, const db::Firmware& firmware) {
  STRATUS_TRY(digest, Digest::parse(firmware.manifest));
  STRATUS_TRY(text, repositories.read_manifest(repository_of(firmware.name), digest));
  STRATUS_TRY(manifest, oci::parse_manifest(text));
  json::array parts;
  for (const oci::Descriptor& layer : manifest.layers) {
    const FirmwarePart* const part = part_of_media_type(layer.media_type);
    if (part == nullptr) continue;
    const auto title = layer.annotations.find(std::string(media::kTitleAnnotation));
    parts.push_back(json::object{{"kind", part->kind},
                                 {"file_name", title != layer.annotations.end() ? title->second : ""},
                                 {"digest", layer.digest.text()},
                                 {"size", layer.size}});
  }
  return parts;
}

// The names of the source (B70).
json::object describe_alias(const db::Firmware& firmware) {
  return {{"id", firmware.id},
          {"version", firmware.version},
          {"fileName", firmware.file_name},
          {"releaseNote", firmware.notes},
          {"path", repository_of(firmware.name) + "/" + firmware.version + "/" + firmware.file_name},
          {"fileHash", firmware.digest.substr(firmware.digest.find(':') + 1)},
          {"fileSize", firmware.size},
          {"createdAt", format_time_ms(firmware.created_ms)}};
}

std::string etag_of(const db::Firmware& firmware) { return std::to_string(firmware.revision); }

// For lists that are shown: read again.
Event news_of(const std::string& id) {
  return {"artifacts", id, json::serialize(json::object{{"kind", "firmware"}, {"id", id}})};
}

}  // namespace

void FirmwareApi::register_routes(Router& router) {
  const auto add_route = [&](const char* method, const char* pattern, Scope scope,
                             Answer (FirmwareApi::*handler)(Call&)) {
    router.add(method, pattern, scope, [this, handler](Call& call) { return (this->*handler)(call); });
  };
  add_route("POST", "/api/v1/firmware", Scope::releases_write, &FirmwareApi::add);
  add_route("GET", "/api/v1/firmware", Scope::releases_read, &FirmwareApi::list);
  add_route("GET", "/api/v1/firmware/{id}", Scope::releases_read, &FirmwareApi::show);
  add_route("PATCH", "/api/v1/firmware/{id}", Scope::releases_write, &FirmwareApi::change);
  add_route("DELETE", "/api/v1/firmware/{id}", Scope::releases_write, &FirmwareApi::remove);
  add_route("POST", "/api/v1/firmware/{id}/link", Scope::releases_read, &FirmwareApi::link);
  add_route("POST", "/api/s3/presigned_upload", Scope::releases_write, &FirmwareApi::alias_upload);
  add_route("POST", "/api/firmwares/metadata", Scope::releases_write, &FirmwareApi::alias_add);
  add_route("GET", "/api/firmwares/metadata", Scope::releases_read, &FirmwareApi::alias_list);
  add_route("GET", "/api/firmware/{id}", Scope::releases_read, &FirmwareApi::show);
  add_route("GET", "/api/s3/presigned_download", Scope::releases_read, &FirmwareApi::alias_link);
}

Result<std::vector<store::GarbageRoot>> FirmwareApi::roots() const {
  std::vector<store::GarbageRoot> found;
  db::ArtifactQuery query;
  query.limit = 1000;
  for (;;) {
    STRATUS_TRY(page, db::list_firmware(database_, query));
    for (const db::Firmware& firmware : page) {
      STRATUS_TRY(digest, Digest::parse(firmware.manifest));
      found.push_back({repository_of(firmware.name), digest});
    }
    if (static_cast<std::int64_t>(page.size()) < query.limit) return found;
    query.after = db::position_of(page.back(), query.order);
  }
}

// Bytes first, then the description, then the tag: what a crash leaves undone is invisible or repeated.
std::vector<FirmwareApi::Part> FirmwareApi::read_parts(ObjectReader& reader) {
  std::vector<Part> parts;
  for (const json::value& item : reader.optional_array("components", kFirmwareParts.size())) {
    ObjectReader one(item, "components");
    Part part{one.text("kind", 32), one.text("upload", 64)};
    const bool again =
        std::any_of(parts.begin(), parts.end(), [&](const Part& p) { return p.kind == part.kind; });
    if (!one.done() || part_of_kind(part.kind) == nullptr || again) {
      reader.reject("components", "kind (assets, configuration or secondary, each once) and upload");
      return {};
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

FirmwareApi::Answer FirmwareApi::store(Call& call, db::Firmware firmware, std::string upload_id,
                                       std::vector<Part> parts, Description description) {
  auto upload = co_await files_.finished_upload(upload_id);
  if (!upload) co_return forward_error(std::move(upload));
  const auto digest = Digest::parse(upload->digest);
  if (!digest) co_return fail(digest.error());
  if (firmware.file_name.empty()) firmware.file_name = upload->file_name;
  firmware.id = new_ulid();
  firmware.digest = upload->digest;
  firmware.size = upload->size;
  firmware.created_ms = now_ms();
  const std::string repository = repository_of(firmware.name);
  std::vector<ArtifactFile> layers{{std::string(media::kFirmwareFile), firmware.file_name, *digest,
                                    static_cast<std::uint64_t>(firmware.size)}};
  for (const Part& part : parts) {
    auto sent = co_await files_.finished_upload(part.upload);
    if (!sent) co_return forward_error(std::move(sent));
    const auto sent_digest = Digest::parse(sent->digest);
    if (!sent_digest) co_return fail(sent_digest.error());
    ArtifactFile layer{std::string(part_of_kind(part.kind)->media_type), sent->file_name, *sent_digest,
                       static_cast<std::uint64_t>(sent->size)};
    layers.push_back(std::move(layer));
  }
  auto put = [&]() -> Result<Digest> {
    const oci::Annotations annotations{{std::string(media::kVersionAnnotation), firmware.version}};
    return put_artifact(repositories_, repository, media::kFirmware, layers, annotations);
  };
  auto manifest = co_await writes_.run(put);
  if (!manifest) co_return forward_error(std::move(manifest));
  firmware.manifest = manifest->text();
  firmware.created_by = call.principal().label();
  ChangeWork work = [firmware, description](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::add_firmware(change.transaction(), firmware));
    const std::string about = json::serialize(
        json::object{{"name", firmware.name}, {"version", firmware.version}, {"digest", firmware.digest}});
    STRATUS_CHECK(change.record("firmware.add", "firmware:" + firmware.id, about));
    change.publish(news_of(firmware.id));
    Reply reply;
    reply.status = 201;
    reply.body = description(firmware);
    reply.location = "/api/v1/firmware/" + firmware.id;
    reply.etag = etag_of(firmware);
    return reply;
  };
  auto added = co_await call.apply(work);
  if (!added) co_return forward_error(std::move(added));
  if (!added->replayed) {
    auto tag = [&] { return tag_artifact(repositories_, repository, *manifest, firmware.version); };
    auto tagged = co_await writes_.run(tag);
    if (!tagged) co_return forward_error(std::move(tagged));
  }
  co_return co_await call.respond(*added);
}

FirmwareApi::Answer FirmwareApi::add(Call& call) {
  auto body = co_await call.read_json();
  if (!body) co_return forward_error(std::move(body));
  ObjectReader reader(*body, "firmware");
  db::Firmware firmware;
  firmware.name = reader.text("name", 128);
  firmware.version = reader.text("version", 128);
  firmware.notes = reader.optional_text("notes", kMaxNotes);
  firmware.classes = read_classes(reader);
  const std::string upload = reader.text("upload", 64);
  std::vector<Part> parts = read_parts(reader);
  if (!oci::is_repository_name(repository_of(firmware.name))) {
    reader.reject("name", "lower-case letters and digits, with '.', '_', '-' or '/' between them");
  }
  if (!oci::is_tag(firmware.version))
    reader.reject("version", "1 to 128 of letters, digits, '.', '_' and '-'");
  STRATUS_CO_CHECK(reader.done());
  const Description description = [](const db::Firmware& made) { return json::serialize(describe(made)); };
  co_return co_await store(call, std::move(firmware), upload, std::move(parts), description);
}

FirmwareApi::Answer FirmwareApi::list(Call& call) {
  auto query = artifact_query(call);
  if (!query) co_return forward_error(std::move(query));
  auto read = [&] { return db::list_firmware(database_, *query); };
  auto found = co_await reads_.run(read);
  if (!found) co_return forward_error(std::move(found));
  const std::string next = cut_page(call, *query, *found);
  json::array items;
  for (const db::Firmware& firmware : *found) items.push_back(describe(firmware));
  json::object answer{{"items", std::move(items)}};
  if (!next.empty()) answer["next"] = next;
  const std::string text = json::serialize(answer);
  co_return co_await call.respond_json(200, text);
}

net::Task<Result<db::Firmware>> FirmwareApi::find(std::string id) {
  auto read = [&] { return db::find_firmware(database_, id); };
  co_return co_await reads_.run(read);
}

FirmwareApi::Answer FirmwareApi::show(Call& call) {
  auto found = co_await find(call.parameter("id"));
  if (!found) co_return forward_error(std::move(found));
  auto read = [&] { return describe_parts(repositories_, *found); };
  auto parts = co_await reads_.run(read);
  if (!parts) log::warning("firmware", "the parts of {} stay untold: {}", found->id, parts.error().text());
  json::object described = describe(*found);
  if (parts && !parts->empty()) described["components"] = std::move(*parts);
  const std::string text = json::serialize(described);
  const std::string etag = etag_of(*found);
  co_return co_await call.respond_json(200, text, etag);
}

FirmwareApi::Answer FirmwareApi::change(Call& call) {
  auto found = co_await find(call.parameter("id"));
  if (!found) co_return forward_error(std::move(found));
  STRATUS_CO_CHECK(call.check_if_match(etag_of(*found), true));
  auto body = co_await call.read_json();
  if (!body) co_return forward_error(std::move(body));
  ObjectReader reader(*body, "firmware");
  const json::object* const members = body->if_object();
  if (members != nullptr && members->contains("notes"))
    found->notes = reader.optional_text("notes", kMaxNotes);
  if (members != nullptr && members->contains("classes")) found->classes = read_classes(reader);
  STRATUS_CO_CHECK(reader.done());
  ChangeWork work = [firmware = *found](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::change_firmware(change.transaction(), firmware.id, firmware.revision, firmware.notes,
                                      firmware.classes));
    STRATUS_CHECK(change.record("firmware.change", "firmware:" + firmware.id));
    change.publish(news_of(firmware.id));
    db::Firmware changed = firmware;
    ++changed.revision;
    return Reply{200, json::serialize(describe(changed)), "", etag_of(changed)};
  };
  co_return co_await call.commit(work);
}

FirmwareApi::Answer FirmwareApi::remove(Call& call) {
  auto found = co_await find(call.parameter("id"));
  if (!found) co_return forward_error(std::move(found));
  STRATUS_CO_CHECK(call.check_if_match(etag_of(*found)));
  ChangeWork work = [firmware = *found](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::remove_firmware(change.transaction(), firmware.id));
    STRATUS_CHECK(db::check_not_brought(change.transaction(), firmware.name + ":" + firmware.version,
                                        firmware.manifest));
    const std::string about =
        json::serialize(json::object{{"name", firmware.name}, {"version", firmware.version}});
    STRATUS_CHECK(change.record("firmware.remove", "firmware:" + firmware.id, about));
    change.publish(news_of(firmware.id));
    return Reply();
  };
  auto removed = co_await call.apply(work);
  if (!removed) co_return forward_error(std::move(removed));
  // Its bytes are garbage from now on unless something else names them.
  auto untag = [&] { return repositories_.delete_tag(repository_of(found->name), found->version); };
  (void)co_await writes_.run(untag);
  co_return co_await call.respond(*removed);
}

FirmwareApi::Answer FirmwareApi::respond_link(Call& call, const db::Firmware& firmware) {
  const auto link =
      files_.download_link(call.request(), repository_of(firmware.name), firmware.digest, firmware.file_name);
  const std::string text = json::serialize(json::object{{"url", link.url},
                                                        {"method", "GET"},
                                                        {"file_name", firmware.file_name},
                                                        {"digest", firmware.digest},
                                                        {"size", firmware.size},
                                                        {"expires_at", format_time_ms(link.expires_ms)}});
  co_return co_await call.respond_json(200, text);
}

FirmwareApi::Answer FirmwareApi::link(Call& call) {
  auto found = co_await find(call.parameter("id"));
  if (!found) co_return forward_error(std::move(found));
  co_return co_await respond_link(call, *found);
}

FirmwareApi::Answer FirmwareApi::alias_upload(Call& call) {
  auto body = co_await call.read_json();
  if (!body) co_return forward_error(std::move(body));
  ObjectReader reader(*body, "upload");
  const std::string version = reader.text("version", 128);
  const std::string file_name = reader.text("fileName", 255);
  STRATUS_CO_CHECK(reader.done());
  auto exists = [&] { return db::find_firmware_file(database_, file_name, version); };
  auto found = co_await reads_.run(exists);
  if (found) {
    co_return fail(ErrorCode::conflict,
                   "a file " + file_name + " of version " + version + " is there already", "duplicate_file");
  }
  if (found.error().code() != ErrorCode::not_found) co_return forward_error(std::move(found));
  auto begun = co_await files_.begin_upload(call, file_name, version);
  if (!begun) co_return forward_error(std::move(begun));
  const std::string text =
      json::serialize(json::object{{"url", begun->second.url},
                                   {"path", version + "/" + begun->first.id + "/" + file_name},
                                   {"expiresAt", format_time_ms(begun->second.expires_ms)}});
  co_return co_await call.respond_json(200, text);
}

FirmwareApi::Answer FirmwareApi::alias_add(Call& call) {
  auto body = co_await call.read_json();
  if (!body) co_return forward_error(std::move(body));
  ObjectReader reader(*body, "firmware");
  db::Firmware firmware;
  firmware.name = kDefaultName;
  firmware.version = reader.text("version", 128);
  firmware.file_name = reader.text("fileName", 255);
  firmware.notes = reader.optional_text("releaseNote", kMaxNotes);
  const std::string path = reader.text("path", 512);  // version/UPLOAD/fileName
  if (!oci::is_tag(firmware.version))
    reader.reject("version", "1 to 128 of letters, digits, '.', '_' and '-'");
  STRATUS_CO_CHECK(reader.done());
  const std::string before = firmware.version + "/";
  const std::string after = "/" + firmware.file_name;
  if (!path.starts_with(before) || !path.ends_with(after) || path.size() <= before.size() + after.size()) {
    co_return fail(ErrorCode::invalid,
                   "path: not the one that presigned_upload answered for this version and file");
  }
  const std::string upload = path.substr(before.size(), path.size() - before.size() - after.size());
  const Description description = [](const db::Firmware& made) {
    return json::serialize(describe_alias(made));
  };
  std::vector<Part> none;
  co_return co_await store(call, std::move(firmware), upload, std::move(none), description);
}

FirmwareApi::Answer FirmwareApi::alias_list(Call& call) {
  auto query = artifact_query(call);
  if (!query) co_return forward_error(std::move(query));
  auto read = [&] { return db::list_firmware(database_, *query); };
  auto found = co_await reads_.run(read);
  if (!found) co_return forward_error(std::move(found));
  (void)cut_page(call, *query, *found);
  json::array items;
  for (const db::Firmware& firmware : *found) items.push_back(describe_alias(firmware));
  const std::string text = json::serialize(items);
  co_return co_await call.respond_json(200, text);
}

FirmwareApi::Answer FirmwareApi::alias_link(Call& call) {
  const std::string version = call.query("version").value_or("");
  const std::string file_name = call.query("fileName").value_or("");
  auto read = [&] { return db::find_firmware_file(database_, file_name, version); };
  auto found = co_await reads_.run(read);
  if (!found) co_return forward_error(std::move(found));
  co_return co_await respond_link(call, *found);
}

}  // namespace stratus::server
