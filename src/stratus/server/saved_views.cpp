#include "stratus/server/saved_views.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/db/saved_views.hpp"
#include "stratus/server/catalogue_writes.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxName = 128, kMaxQuery = 2048;  // bytes

// A token's views are those of whose token it is.
Result<std::string> owner_of(const Call& call) {
  const Principal& who = call.principal();
  if (!who.user_id.empty()) return who.user_id;
  if (who.kind == Principal::Kind::user) return who.id;
  if (who.kind == Principal::Kind::token) return who.label();  // the administrator's own token
  return fail(ErrorCode::denied, "views are for people");
}

Result<void> check_view(const std::string& page, const std::string& name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
  if (page.empty() || page.size() > 32 || !std::all_of(page.begin(), page.end(), plain))
    return fail(ErrorCode::invalid, "page: 1 to 32 of a-z and -");
  const bool control = std::any_of(name.begin(), name.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  // It came from an address, where no JSON parser looked at it.
  const bool text = static_cast<bool>(parse_json(json::serialize(json::value(name)), 8 * kMaxName));
  if (name.empty() || name.size() > kMaxName || control || !text)
    return fail(ErrorCode::invalid, "name: 1 to 128 bytes of text");
  return {};
}

json::object describe(const db::SavedView& view) {
  return {{"page", view.page},
          {"name", view.name},
          {"query", view.query},
          {"changed_at", format_time_ms(view.changed_ms)}};
}

}  // namespace

void SavedViews::register_routes(Router& router) {
  router.add("GET", "/api/v1/me/views", Scope::self, [this](Call& call) { return list(call); });
  router.add("PUT", "/api/v1/me/views/{page}/{name}", Scope::self, [this](Call& call) { return put(call); });
  router.add("DELETE", "/api/v1/me/views/{page}/{name}", Scope::self,
             [this](Call& call) { return remove(call); });
}

net::Task<Result<void>> SavedViews::list(Call& call) {
  auto owner = owner_of(call);
  if (!owner) co_return forward_error(std::move(owner));
  const std::string page = call.query("page").value_or("");
  auto read = [&] { return db::saved_views(database_, *owner); };
  auto found = co_await pool_.run(read);
  if (!found) co_return forward_error(std::move(found));
  json::array items;
  for (const db::SavedView& view : *found) {
    if (page.empty() || view.page == page) items.push_back(describe(view));
  }
  const json::object body{{"items", std::move(items)}};
  co_return co_await call.respond_json(200, json::serialize(body));
}

// Nothing of these is in the audit: they change what one person sees.
net::Task<Result<void>> SavedViews::put(Call& call) {
  auto owner = owner_of(call);
  if (!owner) co_return forward_error(std::move(owner));
  db::SavedView view;
  view.page = call.parameter("page");
  view.name = call.parameter("name");
  STRATUS_CO_CHECK(check_view(view.page, view.name));
  auto body = co_await call.read_json();
  if (!body) co_return forward_error(std::move(body));
  ObjectReader reader(*body, "");
  view.query = reader.text("query", kMaxQuery);
  STRATUS_CO_CHECK(reader.done());
  view.changed_ms = now_ms();
  const ChangeWork work = [owner = *owner, view](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::put_view(change.transaction(), owner, view));
    return Reply{200, json::serialize(describe(view)), "", ""};
  };
  co_return co_await call.commit(work);
}

net::Task<Result<void>> SavedViews::remove(Call& call) {
  auto owner = owner_of(call);
  if (!owner) co_return forward_error(std::move(owner));
  const ChangeWork work = [owner = *owner, page = call.parameter("page"),
                           name = call.parameter("name")](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::remove_view(change.transaction(), owner, page, name));
    return Reply();
  };
  co_return co_await call.commit(work);
}

}  // namespace stratus::server
