#include "stratus/server/content_orders.hpp"

#include <algorithm>

#include "stratus/db/artifacts.hpp"
#include "stratus/db/device_history.hpp"
#include "stratus/server/release_reader.hpp"
#include "stratus/wire/report.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::server {
namespace {

const std::string kContentRepository(wire::kContentName);

// Words between `separator`, empty ones left out.
std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// Manifests and signatures of an order stay far below what a device reads of one, however many items it has.
constexpr std::size_t kMostSigned = wire::ContentOrder::kMaxEncoded / 8;

std::size_t signed_bytes(const wire::ContentItem& item) {
  std::size_t count = item.manifest_text.size();
  for (const wire::ReleaseSignature& one : item.signatures)
    count += one.payload.size() + one.signature.size();
  return count;
}

void add(wire::ContentOrder& order, wire::ContentItem item) {
  std::size_t before = 0;
  for (const wire::ContentItem& one : order.items) before += signed_bytes(one);
  if (before + signed_bytes(item) > kMostSigned) {
    item.manifest_text.clear();
    item.signatures.clear();
  }
  order.items.push_back(std::move(item));
}

}  // namespace

void ContentOrders::register_routes(Router& router) {
  router.add("GET", "/api/v1/devices/{id}/contents/next", Scope::device,
             [this](Call& call) { return next(call); });
}

Result<wire::ContentItem> ContentOrders::item_of(const std::string& id) const {
  STRATUS_TRY(content, db::find_content(database_, id));
  wire::ContentItem item{content.id, content.title, {}, {}, {}, {}};
  STRATUS_TRY(manifest, Digest::parse(content.manifest));
  item.manifest = manifest;
  for (const auto& [role, file] :
       {std::pair("original", &content.original), std::pair("display", &content.display)}) {
    STRATUS_TRY(digest, Digest::parse(file->digest));
    item.files.push_back({role, file->name, digest, static_cast<std::uint64_t>(file->size),
                          files_.download_path(kContentRepository, file->digest, file->name)});
  }
  // Of one that nobody signed nothing more travels.
  auto signatures = read_signatures(repositories_, {kContentRepository, id, manifest, {}});
  if (!signatures || signatures->empty()) return item;
  auto text = repositories_.read_manifest(kContentRepository, manifest);
  if (!text || text->size() > wire::ContentOrder::kMaxManifest) return item;
  item.signatures = std::move(*signatures);
  item.manifest_text = std::move(*text);
  return item;
}

Result<wire::ContentOrder> ContentOrders::order_of(const std::string& device,
                                                   const std::optional<AssignedContents>& assigned) const {
  wire::ContentOrder order;
  if (assigned) {
    order.command = assigned->rollout;
    order.about = assigned->about;
    order.expires_ms = static_cast<std::uint64_t>(assigned->expires_ms);
    for (const rollout::Content& content : assigned->contents) {
      STRATUS_TRY(item, item_of(content.version));
      add(order, std::move(item));
    }
    return order;
  }
  STRATUS_TRY(history, db::content_history(database_, device, 200));
  std::reverse(history.begin(), history.end());  // as they began, which is their order
  for (const db::ShownContent& shown : history) {
    if (shown.ended_ms != 0 || order.items.size() >= wire::ContentOrder::kMaxItems) continue;
    auto item = item_of(shown.content);
    if (item) add(order, std::move(*item));
    // One that was removed here cannot be brought again.
    if (!item && item.error().code() != ErrorCode::not_found) return forward_error(std::move(item));
  }
  return order;
}

Result<bool> ContentOrders::is_shown(const std::string& device, std::vector<std::string> ids) const {
  STRATUS_TRY(history, db::content_history(database_, device, 200));
  std::vector<std::string> shown;
  for (const db::ShownContent& one : history) {
    if (one.ended_ms == 0) shown.push_back(one.content);
  }
  std::sort(shown.begin(), shown.end());
  std::sort(ids.begin(), ids.end());
  return shown == ids;
}

net::Task<Result<void>> ContentOrders::next(Call& call) {
  const std::string device = call.parameter("id");
  if (!wire::is_device_id(device)) co_return fail(ErrorCode::invalid, "not a device id");
  const Principal::Kind kind = call.principal().kind;
  if (kind != Principal::Kind::user && kind != Principal::Kind::token)
    STRATUS_CO_CHECK(identity_.check_speaks_for(call.request(), device));
  std::vector<std::string> have = split(call.query("have").value_or(""), ',');
  bool proven = identity_.is_own_word(call.request(), device);
  if (!proven) {
    auto look = [&] { return is_shown(device, have); };
    auto shown = co_await pool_.run(look);
    if (!shown) co_return forward_error(std::move(shown));
    proven = *shown;
  }
  auto assigned = co_await rollouts_.ask_contents(device, have, proven);
  if (!assigned) co_return forward_error(std::move(assigned));
  // Without a rollout only who lost everything is told again what it showed.
  if (!*assigned && !have.empty()) co_return co_await call.respond_nothing();
  auto read = [&] { return order_of(device, *assigned); };
  auto order = co_await pool_.run(read);
  if (!order) co_return forward_error(std::move(order));
  std::vector<std::string> wanted;
  for (const wire::ContentItem& item : order->items) wanted.push_back(item.id);
  if (wanted == have) co_return co_await call.respond_nothing();
  const std::string body = wire::encode_content_order(*order);
  co_return co_await call.respond_json(200, body);
}

Result<RolloutArtifact> find_rollout_artifact(db::Database& database, const std::string& name,
                                              const std::string& version) {
  RolloutArtifact artifact;
  if (wire::update_kind_of(name) == wire::UpdateKind::content) {
    STRATUS_TRY(content, db::find_content(database, version));
    STRATUS_TRY(digest, Digest::parse(content.manifest));
    artifact.digest = digest;
    return artifact;
  }
  const std::string board = name.substr(wire::kFirmwarePrefix.size());
  STRATUS_TRY(firmware, db::find_firmware_version(database, board, version));
  STRATUS_TRY(digest, Digest::parse(firmware.manifest));
  artifact.digest = digest;
  artifact.requirement.device_classes = split(firmware.classes, ' ');
  return artifact;
}

}  // namespace stratus::server
