#include "stratus/server/inventory.hpp"

#include <boost/json.hpp>

#include "stratus/base/ulid.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/inventory_json.hpp"
#include "stratus/server/revision_tag.hpp"

namespace stratus::server {
namespace {

// One more than the page was asked for: then there is another page, which begins after its last item.
template <class T>
std::string cut_page(std::vector<T>& items, std::int64_t limit) {
  if (static_cast<std::int64_t>(items.size()) <= limit) return {};
  items.pop_back();
  return items.back().code;
}

}  // namespace

Result<void> Inventory::tell(Change& change, std::string_view noun, std::string_view verb,
                             const std::string& id, const std::string& body) {
  const std::string object = std::string(noun) + ":" + id;
  change.publish({"devices", noun == "device" ? id : object, body});
  return change.record(std::string(noun) + "." + std::string(verb), object, body);
}

void Inventory::register_routes(Router& router) {
  using Handler = Answer (Inventory::*)(Call&);
  const auto add = [&](const char* method, const char* pattern, Scope scope, Handler handler) {
    router.add(method, pattern, scope, [this, handler](Call& call) { return (this->*handler)(call); });
  };
  register_places(router, db::PlaceKind::region, "/api/v1/regions");
  register_places(router, db::PlaceKind::group, "/api/v1/groups");
  add("GET", "/api/v1/filters", Scope::devices_read, &Inventory::list_filters);
  add("POST", "/api/v1/filters", Scope::devices_write, &Inventory::create_filter);
  add("GET", "/api/v1/filters/{key}", Scope::devices_read, &Inventory::get_filter);
  add("PATCH", "/api/v1/filters/{key}", Scope::devices_write, &Inventory::change_filter);
  add("DELETE", "/api/v1/filters/{key}", Scope::devices_write, &Inventory::remove_filter);
  add("GET", "/api/v1/devices", Scope::devices_read, &Inventory::list_devices);
  add("POST", "/api/v1/devices", Scope::devices_write, &Inventory::create_device);
  add("GET", "/api/v1/devices/{id}", Scope::devices_read, &Inventory::get_device);
  add("PATCH", "/api/v1/devices/{id}", Scope::devices_write, &Inventory::change_device);
  add("DELETE", "/api/v1/devices/{id}", Scope::devices_write, &Inventory::remove_device);
  add("GET", "/api/v1/devices/{id}/firmware-history", Scope::devices_read, &Inventory::firmware_history);
  add("GET", "/api/v1/devices/{id}/contents", Scope::devices_read, &Inventory::contents);
  add("GET", "/api/v1/device-counts", Scope::devices_read, &Inventory::count_devices);
  // What the sources call them (C15).
  add("GET", "/api/devices", Scope::devices_read, &Inventory::list_devices);
  router.add("GET", "/api/regions", Scope::devices_read,
             [this](Call& call) { return list_places(call, db::PlaceKind::region); });
  router.add("GET", "/api/divisions", Scope::devices_read,
             [this](Call& call) { return list_places(call, db::PlaceKind::group); });
}

void Inventory::register_places(Router& router, db::PlaceKind kind, const std::string& base) {
  using Handler = Answer (Inventory::*)(Call&, db::PlaceKind);
  const auto add = [&](const char* method, const std::string& pattern, Scope scope, Handler handler) {
    router.add(method, pattern, scope,
               [this, handler, kind](Call& call) { return (this->*handler)(call, kind); });
  };
  add("GET", base, Scope::devices_read, &Inventory::list_places);
  add("POST", base, Scope::devices_write, &Inventory::create_place);
  add("GET", base + "/{key}", Scope::devices_read, &Inventory::get_place);
  add("PATCH", base + "/{key}", Scope::devices_write, &Inventory::change_place);
  add("DELETE", base + "/{key}", Scope::devices_write, &Inventory::remove_place);
}

Inventory::Answer Inventory::list_places(Call& call, db::PlaceKind kind) {
  const std::int64_t limit = call.limit(100, 1000);
  const std::string after = call.query("after").value_or("");
  auto list = [&] { return db::list_places(database_, kind, after, limit + 1); };
  auto places = co_await lists_.run(list);
  if (!places) co_return forward_error(std::move(places));
  const std::string next = cut_page(*places, limit);
  const std::string body = encode_places(kind, *places, next);
  co_return co_await call.respond_json(200, body);
}

Inventory::Answer Inventory::get_place(Call& call, db::PlaceKind kind) {
  auto find = [&] { return db::find_place(database_, kind, call.parameter("key")); };
  auto place = co_await pool_.run(find);
  if (!place) co_return forward_error(std::move(place));
  const std::string body = encode_place(*place);
  const std::string tag = revision_tag(place->revision, body);
  co_return co_await call.respond_json(200, body, tag);
}

Inventory::Answer Inventory::create_place(Call& call, db::PlaceKind kind) {
  auto json = co_await call.read_json();
  if (!json) co_return forward_error(std::move(json));
  auto change = parse_place_change(*json);
  if (!change) co_return forward_error(std::move(change));
  db::Place place;
  place.id = new_ulid();
  place.code = change->code.value_or("");
  place.name = change->name.value_or(place.code);
  place.tags = change->tags.value_or(db::Tags());
  place.created_ms = place.changed_ms = now_ms();
  const std::string location = call.request().path + "/" + place.code;
  const ChangeWork work = [kind, place, location](Change& doing) -> Result<Reply> {
    STRATUS_CHECK(db::create_place(doing.transaction(), kind, place));
    const std::string body = encode_place(place);
    STRATUS_CHECK(tell(doing, word_for(kind), "create", place.code, body));
    return Reply{201, body, location, revision_tag(1, body)};
  };
  co_return co_await call.commit(work);
}

Inventory::Answer Inventory::change_place(Call& call, db::PlaceKind kind) {
  auto revision = revision_to_match(call.request().headers);
  if (!revision) co_return forward_error(std::move(revision));
  auto json = co_await call.read_json();
  if (!json) co_return forward_error(std::move(json));
  auto change = parse_place_change(*json);
  if (!change) co_return forward_error(std::move(change));
  const ChangeWork work = [kind, key = call.parameter("key"), wanted = *change,
                           from = *revision](Change& doing) -> Result<Reply> {
    STRATUS_TRY(place, db::change_place(doing.transaction(), kind, key, wanted, from, now_ms()));
    const std::string body = encode_place(place);
    STRATUS_CHECK(tell(doing, word_for(kind), "change", place.code, body));
    return Reply{200, body, "", revision_tag(place.revision, body)};
  };
  co_return co_await call.commit(work);
}

Inventory::Answer Inventory::remove_place(Call& call, db::PlaceKind kind) {
  auto revision = revision_to_match(call.request().headers);
  if (!revision) co_return forward_error(std::move(revision));
  const ChangeWork work = [kind, key = call.parameter("key"),
                           from = *revision](Change& doing) -> Result<Reply> {
    STRATUS_CHECK(db::remove_place(doing.transaction(), kind, key, from));
    STRATUS_CHECK(tell(doing, word_for(kind), "remove", key, "{}"));
    return Reply();
  };
  co_return co_await call.commit(work);
}

Inventory::Answer Inventory::list_filters(Call& call) {
  const std::int64_t limit = call.limit(100, 1000);
  const std::string after = call.query("after").value_or("");
  auto list = [&] { return db::list_filters(database_, after, limit + 1); };
  auto filters = co_await lists_.run(list);
  if (!filters) co_return forward_error(std::move(filters));
  const std::string next = cut_page(*filters, limit);
  const std::string body = encode_filters(*filters, next);
  co_return co_await call.respond_json(200, body);
}

Inventory::Answer Inventory::get_filter(Call& call) {
  auto find = [&] { return db::find_filter(database_, call.parameter("key")); };
  auto filter = co_await pool_.run(find);
  if (!filter) co_return forward_error(std::move(filter));
  const std::string body = encode_filter(*filter);
  const std::string tag = revision_tag(filter->revision, body);
  co_return co_await call.respond_json(200, body, tag);
}

Inventory::Answer Inventory::create_filter(Call& call) {
  auto json = co_await call.read_json();
  if (!json) co_return forward_error(std::move(json));
  auto change = parse_filter_change(*json);
  if (!change) co_return forward_error(std::move(change));
  db::SavedFilter filter;
  filter.id = new_ulid();
  filter.code = change->code.value_or("");
  filter.name = change->name.value_or(filter.code);
  filter.filter = change->filter.value_or("");
  filter.created_ms = filter.changed_ms = now_ms();
  const std::string location = call.request().path + "/" + filter.code;
  const ChangeWork work = [filter, location](Change& doing) -> Result<Reply> {
    STRATUS_CHECK(db::create_filter(doing.transaction(), filter));
    const std::string body = encode_filter(filter);
    STRATUS_CHECK(tell(doing, "filter", "create", filter.code, body));
    return Reply{201, body, location, revision_tag(1, body)};
  };
  co_return co_await call.commit(work);
}

Inventory::Answer Inventory::change_filter(Call& call) {
  auto revision = revision_to_match(call.request().headers);
  if (!revision) co_return forward_error(std::move(revision));
  auto json = co_await call.read_json();
  if (!json) co_return forward_error(std::move(json));
  auto change = parse_filter_change(*json);
  if (!change) co_return forward_error(std::move(change));
  const ChangeWork work = [key = call.parameter("key"), wanted = *change,
                           from = *revision](Change& doing) -> Result<Reply> {
    STRATUS_TRY(filter, db::find_filter(doing.transaction(), key));
    filter.code = wanted.code.value_or(filter.code);
    filter.name = wanted.name.value_or(filter.name);
    filter.filter = wanted.filter.value_or(filter.filter);
    filter.changed_ms = now_ms();
    STRATUS_TRY(now, db::change_filter(doing.transaction(), key, filter, from));
    const std::string body = encode_filter(now);
    STRATUS_CHECK(tell(doing, "filter", "change", now.code, body));
    return Reply{200, body, "", revision_tag(now.revision, body)};
  };
  co_return co_await call.commit(work);
}

Inventory::Answer Inventory::remove_filter(Call& call) {
  auto revision = revision_to_match(call.request().headers);
  if (!revision) co_return forward_error(std::move(revision));
  const ChangeWork work = [key = call.parameter("key"), from = *revision](Change& doing) -> Result<Reply> {
    STRATUS_CHECK(db::remove_filter(doing.transaction(), key, from));
    STRATUS_CHECK(tell(doing, "filter", "remove", key, "{}"));
    return Reply();
  };
  co_return co_await call.commit(work);
}

}  // namespace stratus::server
