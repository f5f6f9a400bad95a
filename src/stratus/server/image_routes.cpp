#include "stratus/server/image_routes.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <boost/json.hpp>

#include "stratus/db/fleet_view.hpp"
#include "stratus/db/rollouts.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/rollout/spec.hpp"
#include "stratus/server/cursor.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;
namespace media = oci::media;

constexpr std::int64_t kSpread = 10'000;
constexpr std::int64_t kLiveRollouts = 1'000;

json::object describe(const FileRow& row) {
  json::object out{{"path", row.path}, {"change", row.change}};
  if (row.change == "changed" || row.change == "removed") out["size_before"] = row.size_before;
  if (row.kind.empty()) return out;
  out["kind"] = row.kind;
  out["size"] = row.size;
  out["mode"] = row.mode;
  out["uid"] = row.uid;
  out["gid"] = row.gid;
  // Before 1970 and beyond the year 9999 there is no text for it.
  if (row.mtime_s >= 0 && row.mtime_s < 253'402'300'800)
    out["modified_at"] = format_time_ms(row.mtime_s * 1000);
  if (!row.target.empty()) out["target"] = row.target;
  if (!row.content.empty()) out["digest"] = row.content.text();
  return out;
}

json::object describe(const std::map<std::string, FileList::Sum>& sums) {
  json::object out;
  for (const auto& [change, sum] : sums) out[change] = {{"paths", sum.paths}, {"bytes", sum.bytes}};
  return out;
}

// What a page of a list shows: `change` (any when empty) at or below `under`, from row `from` on.
struct Page {
  std::string change, under;
  std::size_t from = 0, limit = 0;
};

Result<Page> page_of(const Call& call) {
  Page page;
  page.change = call.query("change").value_or("");
  page.under = call.query("under").value_or("");
  page.limit = static_cast<std::size_t>(call.limit(200, 1000));
  if (const auto cursor = call.query("cursor"); cursor && !cursor->empty()) {
    STRATUS_TRY(parts, decode_cursor(*cursor, 2));
    const char* const end = parts[1].data() + parts[1].size();
    const auto read = std::from_chars(parts[1].data(), end, page.from);
    if (parts[0] != "files" || read.ec != std::errc() || read.ptr != end)
      return fail(ErrorCode::invalid, "cursor: not one of this list");
  }
  return page;
}

bool is_under(const std::string& path, const std::string& under) {
  if (under.empty() || under == "/") return true;
  if (!path.starts_with(under)) return false;
  return path.size() == under.size() || under.back() == '/' || path[under.size()] == '/';
}

// Into `body`: items, next, sums.
void write_page(const FileList& list, const Page& page, json::object& body) {
  json::array items;
  std::size_t at = page.from;
  for (; at < list.rows.size() && items.size() < page.limit; ++at) {
    const FileRow& row = list.rows[at];
    if ((page.change.empty() || row.change == page.change) && is_under(row.path, page.under))
      items.push_back(describe(row));
  }
  if (at < list.rows.size()) body["next"] = encode_cursor({"files", std::to_string(at)});
  body["sums"] = describe(list.sums);
  body["items"] = std::move(items);
}

json::object describe_layer(const ImageFacts::Layer& layer) {
  return {{"digest", layer.blob.digest.text()},
          {"diff_id", layer.diff_id.text()},
          {"bytes", layer.blob.size},
          {"media_type", layer.blob.media_type}};
}

}  // namespace

std::int64_t ImageRoutes::Uses::devices_of(const std::string& name) const {
  std::int64_t sum = 0;
  for (auto at = devices.lower_bound({name, ""}); at != devices.end() && at->first.first == name; ++at)
    sum += at->second;
  return sum;
}

void ImageRoutes::register_routes(Router& router) {
  const auto add = [&](const char* pattern, Answer (ImageRoutes::*handler)(Call&)) {
    router.add("GET", pattern, Scope::releases_read,
               [this, handler](Call& call) { return (this->*handler)(call); });
  };
  add("/api/v1/images", &ImageRoutes::list);
  add("/api/v1/images/{name}", &ImageRoutes::show);
  add("/api/v1/images/{name}/diff", &ImageRoutes::diff);
  add("/api/v1/images/{name}/versions/{version}/layers", &ImageRoutes::layers);
  add("/api/v1/images/{name}/versions/{version}/layers/{digest}/files", &ImageRoutes::files);
}

Result<ImageRoutes::Uses> ImageRoutes::read_uses() const {
  Uses uses;
  STRATUS_TRY(spread, db::release_spread(database_, kSpread));
  for (const db::ReleaseCount& one : spread) uses.devices[{one.name, one.digest}] += one.devices;
  const std::vector<std::string> open{"draft", "approval", "scheduled", "running", "paused", "aborting"};
  STRATUS_TRY(rollouts, db::list_rollouts(database_, open, "", kLiveRollouts));
  for (const db::RolloutRow& row : rollouts) {
    STRATUS_TRY(spec, rollout::parse_spec_text(row.spec));
    for (const rollout::Content& content : spec.contents)
      ++uses.rollouts[{content.name, content.digest.text()}];
  }
  return uses;
}

Result<ImageRoutes::Version> ImageRoutes::find(const std::string& name, const std::string& version) const {
  Version found{name, version, Digest(), nullptr};
  STRATUS_TRY(releases, catalogue_.releases(name));
  for (const db::Release& release : releases) {
    if (release.version != version) continue;
    STRATUS_TRY(digest, Digest::parse(release.digest));
    found.digest = digest;
  }
  if (found.digest.empty()) {
    // A tag that nobody registered can be looked at as well.
    STRATUS_TRY(tag, repositories_.find_tag(name, version).with_context(name + ":" + version));
    found.digest = tag.digest;
  }
  STRATUS_TRY(facts, images_.image(name, found.digest));
  found.facts = std::move(facts);
  return found;
}

Result<std::string> ImageRoutes::read_list(const std::string& after, std::size_t limit) const {
  STRATUS_TRY(releases, catalogue_.releases(""));
  STRATUS_TRY(targets, catalogue_.targets());
  STRATUS_TRY(stored, repositories_.repositories());
  STRATUS_TRY(uses, read_uses());
  std::map<std::string, std::vector<db::Release>> by_name;
  for (db::Release& release : releases) by_name[release.name].push_back(std::move(release));
  for (const std::string& name : stored) by_name.try_emplace(name);
  json::array items;
  json::object body;
  for (auto at = by_name.upper_bound(after); at != by_name.end(); ++at) {
    if (items.size() == limit) {
      body["next"] = encode_cursor({"images", std::prev(at)->first});
      break;
    }
    const std::string& name = at->first;
    const std::vector<db::Release>& versions = at->second;
    json::object item{{"name", name}, {"versions", versions.size()}, {"devices", uses.devices_of(name)}};
    std::set<Digest> blobs;
    std::uint64_t stored_bytes = 0, full_bytes = 0;
    for (const db::Release& release : versions) {
      const auto digest = Digest::parse(release.digest);
      const auto facts = digest ? images_.image(name, *digest)
                                : Result<std::shared_ptr<const ImageFacts>>(fail(digest.error()));
      if (!facts) continue;
      full_bytes += (*facts)->bytes();
      stored_bytes += (*facts)->manifest_bytes + (*facts)->config_bytes;
      for (const ImageFacts::Layer& layer : (*facts)->layers) {
        if (blobs.insert(layer.blob.digest).second) stored_bytes += layer.blob.size;
      }
    }
    item["stored_bytes"] = stored_bytes;
    item["full_bytes"] = full_bytes;
    if (!versions.empty()) {
      item["newest"] = {{"version", versions.front().version},
                        {"digest", versions.front().digest},
                        {"created_at", format_time_ms(versions.front().created_ms)}};
    }
    const auto target =
        std::find_if(targets.begin(), targets.end(), [&](const db::Target& one) { return one.name == name; });
    if (target != targets.end()) item["target"] = {{"version", target->version}, {"digest", target->digest}};
    items.push_back(std::move(item));
  }
  body["items"] = std::move(items);
  return json::serialize(body);
}

Result<std::string> ImageRoutes::read_image(const std::string& name) const {
  STRATUS_TRY(releases, catalogue_.releases(name));
  auto tags = repositories_.tags(name);
  if (!tags && (tags.error().code() != ErrorCode::not_found || releases.empty()))
    return forward_error(std::move(tags));
  STRATUS_TRY(uses, read_uses());
  std::vector<std::shared_ptr<const ImageFacts>> facts;
  std::map<Digest, std::size_t> shared;  // layers: in how many of the versions
  for (const db::Release& release : releases) {
    const auto digest = Digest::parse(release.digest);
    auto found = digest ? images_.image(name, *digest)
                        : Result<std::shared_ptr<const ImageFacts>>(fail(digest.error()));
    facts.push_back(found ? *found : nullptr);
    if (!found) continue;
    std::set<Digest> once;
    for (const ImageFacts::Layer& layer : (*found)->layers) {
      if (once.insert(layer.blob.digest).second) ++shared[layer.blob.digest];
    }
  }
  json::array versions;
  for (std::size_t i = 0; i < releases.size(); ++i) {
    const db::Release& release = releases[i];
    const auto used = [&](const auto& by) {
      const auto found = by.find({name, release.digest});
      return found == by.end() ? std::int64_t{0} : found->second;
    };
    json::object item{{"version", release.version},
                      {"digest", release.digest},
                      {"created_at", format_time_ms(release.created_ms)},
                      {"stored", facts[i] != nullptr},
                      {"devices", used(uses.devices)},
                      {"rollouts", used(uses.rollouts)}};
    if (facts[i] != nullptr) {
      std::uint64_t unique = 0;
      for (const ImageFacts::Layer& layer : facts[i]->layers)
        unique += shared[layer.blob.digest] == 1 ? layer.blob.size : 0;
      item["bytes"] = facts[i]->bytes();
      item["unique_bytes"] = unique;
      item["layers"] = facts[i]->layers.size();
      item["architecture"] = facts[i]->architecture;
      item["os"] = facts[i]->os;
      std::int64_t signatures = 0, deltas = 0, others = 0;
      STRATUS_TRY(referrers, repositories_.referrers(name, facts[i]->digest));
      for (const store::Referrer& referrer : referrers)
        ++(referrer.artifact_type == media::kSignature ? signatures
           : referrer.artifact_type == media::kDelta   ? deltas
                                                       : others);
      item["signatures"] = signatures;
      item["deltas"] = deltas;
      item["attachments"] = others;
    }
    versions.push_back(std::move(item));
  }
  json::array tag_items;
  for (const std::string& tag : tags ? *tags : std::vector<std::string>()) {
    if (tag_items.size() == 1000) break;
    const auto found = repositories_.find_tag(name, tag);
    if (found) tag_items.push_back(json::object{{"tag", tag}, {"digest", found->digest.text()}});
  }
  json::object body{{"name", name},
                    {"devices", uses.devices_of(name)},
                    {"versions", std::move(versions)},
                    {"tags", std::move(tag_items)}};
  STRATUS_TRY(targets, catalogue_.targets());
  for (const db::Target& target : targets) {
    if (target.name == name) body["target"] = {{"version", target.version}, {"digest", target.digest}};
  }
  return json::serialize(body);
}

Result<std::string> ImageRoutes::read_layers(const Version& version) const {
  STRATUS_TRY(releases, catalogue_.releases(version.name));
  STRATUS_TRY(uses, read_uses());
  std::map<Digest, json::array> others;    // versions that have the layer too
  std::map<Digest, std::int64_t> devices;  // that run an image with it
  for (const db::Release& release : releases) {
    const auto digest = Digest::parse(release.digest);
    const auto facts = digest ? images_.image(version.name, *digest)
                              : Result<std::shared_ptr<const ImageFacts>>(fail(digest.error()));
    if (!facts) continue;
    const auto used = uses.devices.find({version.name, release.digest});
    std::set<Digest> once;
    for (const ImageFacts::Layer& layer : (*facts)->layers) {
      if (!once.insert(layer.blob.digest).second) continue;
      if (release.version != version.version)
        others[layer.blob.digest].push_back(json::string(release.version));
      if (used != uses.devices.end()) devices[layer.blob.digest] += used->second;
    }
  }
  json::array items;
  for (const ImageFacts::Layer& layer : version.facts->layers) {
    json::object item = describe_layer(layer);
    item["shared_with"] = others[layer.blob.digest];
    item["devices"] = devices[layer.blob.digest];
    items.push_back(std::move(item));
  }
  const json::object body{{"name", version.name},
                          {"version", version.version},
                          {"digest", version.digest.text()},
                          {"bytes", version.facts->bytes()},
                          {"items", std::move(items)}};
  return json::serialize(body);
}

ImageRoutes::Answer ImageRoutes::list(Call& call) {
  const auto limit = static_cast<std::size_t>(call.limit(100, 1000));
  std::string after;
  if (const auto cursor = call.query("cursor"); cursor && !cursor->empty()) {
    auto parts = decode_cursor(*cursor, 2);
    if (!parts || (*parts)[0] != "images") co_return fail(ErrorCode::invalid, "cursor: not one of this list");
    after = (*parts)[1];
  }
  auto read = [&] { return read_list(after, limit); };
  auto body = co_await lists_.run(read);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

ImageRoutes::Answer ImageRoutes::show(Call& call) {
  const std::string name = call.parameter("name");
  auto read = [&] { return read_image(name); };
  auto body = co_await lists_.run(read);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

ImageRoutes::Answer ImageRoutes::layers(Call& call) {
  const std::string name = call.parameter("name"), version = call.parameter("version");
  auto read = [&]() -> Result<std::string> {
    STRATUS_TRY(found, find(name, version));
    return read_layers(found);
  };
  auto body = co_await lists_.run(read);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

ImageRoutes::Answer ImageRoutes::files(Call& call) {
  const std::string name = call.parameter("name"), version = call.parameter("version");
  const auto digest = Digest::parse(call.parameter("digest"));
  if (!digest) co_return fail(digest.error());
  auto page = page_of(call);
  if (!page) co_return forward_error(std::move(page));
  auto read = [&]() -> Result<std::string> {
    STRATUS_TRY(found, find(name, version));
    const auto& layers = found.facts->layers;
    const auto layer = std::find_if(layers.begin(), layers.end(),
                                    [&](const ImageFacts::Layer& one) { return one.blob.digest == *digest; });
    if (layer == layers.end())
      return fail(ErrorCode::not_found, name + ":" + version + " has no layer " + digest->text());
    STRATUS_TRY(list, images_.layer_files(*found.facts, static_cast<std::size_t>(layer - layers.begin())));
    json::object body = describe_layer(*layer);
    write_page(*list, *page, body);
    return json::serialize(body);
  };
  auto body = co_await reading_.run(read);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

ImageRoutes::Answer ImageRoutes::diff(Call& call) {
  const std::string name = call.parameter("name");
  const std::string from = call.query("from").value_or(""), to = call.query("to").value_or("");
  if (from.empty() || to.empty()) co_return fail(ErrorCode::invalid, "from and to: two versions are wanted");
  auto page = page_of(call);
  if (!page) co_return forward_error(std::move(page));
  auto read = [&]() -> Result<std::string> {
    STRATUS_TRY(older, find(name, from));
    STRATUS_TRY(newer, find(name, to));
    STRATUS_TRY(list, images_.compare(*older.facts, *newer.facts));
    std::set<Digest> has, wants;
    for (const ImageFacts::Layer& layer : older.facts->layers) has.insert(layer.diff_id);
    for (const ImageFacts::Layer& layer : newer.facts->layers) wants.insert(layer.diff_id);
    std::uint64_t shared = 0, added = 0, dropped = 0;
    json::array layers;
    for (const ImageFacts::Layer& layer : newer.facts->layers) {
      const bool there = has.contains(layer.diff_id);
      (there ? shared : added) += layer.blob.size;
      json::object item = describe_layer(layer);
      item["change"] = there ? "shared" : "added";
      layers.push_back(std::move(item));
    }
    for (const ImageFacts::Layer& layer : older.facts->layers) {
      if (wants.contains(layer.diff_id)) continue;
      dropped += layer.blob.size;
      json::object item = describe_layer(layer);
      item["change"] = "removed";
      layers.push_back(std::move(item));
    }
    json::object body{
        {"name", name},
        {"from", {{"version", from}, {"digest", older.digest.text()}, {"bytes", older.facts->bytes()}}},
        {"to", {{"version", to}, {"digest", newer.digest.text()}, {"bytes", newer.facts->bytes()}}},
        {"layers", std::move(layers)},
        {"layer_bytes", {{"shared", shared}, {"added", added}, {"removed", dropped}}}};
    write_page(*list, *page, body);
    return json::serialize(body);
  };
  auto body = co_await reading_.run(read);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

}  // namespace stratus::server
