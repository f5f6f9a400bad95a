#include "stratus/server/contents.hpp"

#include <array>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/base/ulid.hpp"
#include "stratus/db/rollout_sums.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/server/artifact_lists.hpp"
#include "stratus/server/artifact_shelf.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/database_calls.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;
namespace media = oci::media;

constexpr std::size_t kMaxTitle = 128;              // bytes
constexpr std::size_t kMaxDescription = 16u << 10;  // bytes
const std::string kRepository = "content";

json::object describe(const db::ContentFile& file) {
  return {{"file_name", file.name}, {"digest", file.digest}, {"size", file.size}};
}

json::object describe(const db::Content& content) {
  return {{"id", content.id},
          {"title", content.title},
          {"description", content.description},
          {"original", describe(content.original)},
          {"display", describe(content.display)},
          {"repository", kRepository},
          {"manifest", content.manifest},
          {"created_by", content.created_by},
          {"created_at", format_time_ms(content.created_ms)}};
}

std::string etag_of(const db::Content& content) { return std::to_string(content.revision); }

Result<ArtifactFile> artifact_file(std::string_view type, const db::ContentFile& file) {
  STRATUS_TRY(digest, Digest::parse(file.digest));
  return ArtifactFile{std::string(type), file.name, digest, static_cast<std::uint64_t>(file.size)};
}

// For lists that are shown: read again.
Event news_of(const std::string& id) {
  return {"artifacts", id, json::serialize(json::object{{"kind", "content"}, {"id", id}})};
}

}  // namespace

void ContentApi::register_routes(Router& router) {
  const auto add_route = [&](const char* method, const char* pattern, Scope scope,
                             Answer (ContentApi::*handler)(Call&)) {
    router.add(method, pattern, scope, [this, handler](Call& call) { return (this->*handler)(call); });
  };
  add_route("POST", "/api/v1/content", Scope::releases_write, &ContentApi::add);
  add_route("GET", "/api/v1/content", Scope::releases_read, &ContentApi::list);
  add_route("GET", "/api/v1/content/{id}", Scope::releases_read, &ContentApi::show);
  add_route("PATCH", "/api/v1/content/{id}", Scope::releases_write, &ContentApi::change);
  add_route("DELETE", "/api/v1/content/{id}", Scope::releases_write, &ContentApi::remove);
  add_route("POST", "/api/v1/content/{id}/link", Scope::releases_read, &ContentApi::link);
}

Result<std::vector<store::GarbageRoot>> ContentApi::roots() const {
  std::vector<store::GarbageRoot> found;
  db::ArtifactQuery query;
  query.limit = 1000;
  for (;;) {
    STRATUS_TRY(page, db::list_contents(database_, query));
    for (const db::Content& content : page) {
      STRATUS_TRY(digest, Digest::parse(content.manifest));
      found.push_back({kRepository, digest});
    }
    if (static_cast<std::int64_t>(page.size()) < query.limit) return found;
    query.after = db::position_of(page.back(), query.order);
  }
}

ContentApi::Answer ContentApi::add(Call& call) {
  auto body = co_await call.read_json();
  if (!body) co_return forward_error(std::move(body));
  ObjectReader reader(*body, "content");
  db::Content content;
  content.title = reader.text("title", kMaxTitle);
  content.description = reader.optional_text("description", kMaxDescription);
  const std::string original_id = reader.text("original", 64);
  const std::string display_id = reader.text("display", 64);
  if (content.title.empty()) reader.reject("title", "it must not be empty");
  STRATUS_CO_CHECK(reader.done());
  auto original = co_await files_.finished_upload(original_id);
  if (!original) co_return forward_error(std::move(original));
  auto display = co_await files_.finished_upload(display_id);
  if (!display) co_return forward_error(std::move(display));
  content.id = new_ulid();
  content.original = {original->file_name, original->digest, original->size};
  content.display = {display->file_name, display->digest, display->size};
  content.created_by = call.principal().label();
  content.created_ms = now_ms();
  auto put = [&]() -> Result<Digest> {
    STRATUS_TRY(first, artifact_file(media::kContentOriginal, content.original));
    STRATUS_TRY(second, artifact_file(media::kContentDisplay, content.display));
    const std::array files{first, second};
    // With its id, so that equal files under two titles are two artifacts: one can go without the other.
    const oci::Annotations annotations{{std::string(media::kVersionAnnotation), content.id}};
    return put_artifact(repositories_, kRepository, media::kContent, files, annotations);
  };
  auto manifest = co_await writes_.run(put);
  if (!manifest) co_return forward_error(std::move(manifest));
  content.manifest = manifest->text();
  ChangeWork work = [content](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::add_content(change.transaction(), content));
    const std::string about = json::serialize(json::object{{"title", content.title}});
    STRATUS_CHECK(change.record("content.add", "content:" + content.id, about));
    change.publish(news_of(content.id));
    return Reply{201, json::serialize(describe(content)), "/api/v1/content/" + content.id, etag_of(content)};
  };
  auto added = co_await call.apply(work);
  if (!added) co_return forward_error(std::move(added));
  if (!added->replayed) {
    auto tag = [&] { return tag_artifact(repositories_, kRepository, *manifest, content.id); };
    auto tagged = co_await writes_.run(tag);
    if (!tagged) co_return tagged;
  }
  co_return co_await call.respond(*added);
}

ContentApi::Answer ContentApi::list(Call& call) {
  auto query = artifact_query(call);
  if (!query) co_return forward_error(std::move(query));
  auto read = [&] { return db::list_contents(database_, *query); };
  auto found = co_await reads_.run(read);
  if (!found) co_return forward_error(std::move(found));
  const std::string next = cut_page(call, *query, *found);
  json::array items;
  for (const db::Content& content : *found) items.push_back(describe(content));
  json::object answer{{"items", std::move(items)}};
  if (!next.empty()) answer["next"] = next;
  const std::string text = json::serialize(answer);
  co_return co_await call.respond_json(200, text);
}

net::Task<Result<db::Content>> ContentApi::find(std::string id) {
  auto read = [&] { return db::find_content(database_, id); };
  co_return co_await reads_.run(read);
}

ContentApi::Answer ContentApi::show(Call& call) {
  auto found = co_await find(call.parameter("id"));
  if (!found) co_return forward_error(std::move(found));
  const std::string text = json::serialize(describe(*found));
  const std::string etag = etag_of(*found);
  co_return co_await call.respond_json(200, text, etag);
}

ContentApi::Answer ContentApi::change(Call& call) {
  auto found = co_await find(call.parameter("id"));
  if (!found) co_return forward_error(std::move(found));
  STRATUS_CO_CHECK(call.check_if_match(etag_of(*found), true));
  auto body = co_await call.read_json();
  if (!body) co_return forward_error(std::move(body));
  ObjectReader reader(*body, "content");
  found->description = reader.text("description", kMaxDescription);
  STRATUS_CO_CHECK(reader.done());
  ChangeWork work = [content = *found](Change& change) -> Result<Reply> {
    STRATUS_CHECK(
        db::change_content(change.transaction(), content.id, content.revision, content.description));
    STRATUS_CHECK(change.record("content.change", "content:" + content.id));
    change.publish(news_of(content.id));
    db::Content changed = content;
    ++changed.revision;
    return Reply{200, json::serialize(describe(changed)), "", etag_of(changed)};
  };
  co_return co_await call.commit(work);
}

ContentApi::Answer ContentApi::remove(Call& call) {
  auto found = co_await find(call.parameter("id"));
  if (!found) co_return forward_error(std::move(found));
  STRATUS_CO_CHECK(call.check_if_match(etag_of(*found)));
  ChangeWork work = [content = *found](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::remove_content(change.transaction(), content.id));
    STRATUS_CHECK(db::check_not_brought(change.transaction(), "'" + content.title + "'", content.manifest));
    const std::string about = json::serialize(json::object{{"title", content.title}});
    STRATUS_CHECK(change.record("content.remove", "content:" + content.id, about));
    change.publish(news_of(content.id));
    return Reply();
  };
  auto removed = co_await call.apply(work);
  if (!removed) co_return forward_error(std::move(removed));
  auto untag = [&] { return repositories_.delete_tag(kRepository, found->id); };
  (void)co_await writes_.run(untag);
  co_return co_await call.respond(*removed);
}

ContentApi::Answer ContentApi::link(Call& call) {
  auto found = co_await find(call.parameter("id"));
  if (!found) co_return forward_error(std::move(found));
  const std::string which = call.query("file").value_or("original");
  if (which != "original" && which != "display") {
    co_return fail(ErrorCode::invalid, "file: one of original, display");
  }
  const db::ContentFile& file = which == "original" ? found->original : found->display;
  const auto link = files_.download_link(call.request(), kRepository, file.digest, file.name);
  const std::string text = json::serialize(json::object{{"url", link.url},
                                                        {"method", "GET"},
                                                        {"file_name", file.name},
                                                        {"digest", file.digest},
                                                        {"size", file.size},
                                                        {"expires_at", format_time_ms(link.expires_ms)}});
  co_return co_await call.respond_json(200, text);
}

}  // namespace stratus::server
