// The device half of the inventory's routes.
#include <boost/json.hpp>

#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/device_question.hpp"
#include "stratus/server/inventory.hpp"
#include "stratus/server/inventory_json.hpp"
#include "stratus/server/revision_tag.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::server {
namespace {

DeviceQuestion question_of(const Call& call) {
  return {call.query("filter").value_or(""), call.query("saved").value_or(""),
          call.query("sort").value_or(""), call.query("after").value_or(""), call.limit(100, 1000)};
}

}  // namespace

Inventory::Answer Inventory::list_devices(Call& call) {
  co_await sightings_.flush();
  const DeviceQuestion question = question_of(call);
  const bool counts = call.query("count").value_or("") == "true";
  std::string body;
  auto list = [&]() -> Result<void> {
    STRATUS_TRY(query, device_query(database_, question, now_ms()));
    std::int64_t total = -1;
    if (counts) {
      STRATUS_TRY(counted, db::count_devices(database_, query.filter, query.now_ms));
      total = counted;
    }
    ++query.limit;
    STRATUS_TRY(devices, db::list_devices(database_, query));
    std::string next;
    if (static_cast<std::int64_t>(devices.size()) == query.limit) {
      devices.pop_back();
      next = device_cursor(query, devices.back());
    }
    body = encode_inventory_devices(devices, next, total);
    return {};
  };
  auto listed = co_await lists_.run(list);
  if (!listed) co_return listed;
  co_return co_await call.respond_json(200, body);
}

Inventory::Answer Inventory::get_device(Call& call) {
  co_await sightings_.flush();
  auto find = [&] { return db::find_device(database_, call.parameter("id")); };
  auto device = co_await pool_.run(find);
  if (!device) co_return forward_error(std::move(device));
  const std::string body = encode_inventory_device(*device);
  const std::string tag = revision_tag(device->revision, body);
  co_return co_await call.respond_json(200, body, tag);
}

Inventory::Answer Inventory::create_device(Call& call) {
  auto json = co_await call.read_json();
  if (!json) co_return forward_error(std::move(json));
  auto parsed = parse_device_body(*json);
  if (!parsed) co_return forward_error(std::move(parsed));
  if (!wire::is_device_id(parsed->id)) co_return fail(ErrorCode::invalid, "id: not a device id");
  const ChangeWork work = [wanted = *parsed](Change& doing) -> Result<Reply> {
    const std::int64_t now = now_ms();
    STRATUS_CHECK(db::create_device(doing.transaction(), wanted.id, now));
    STRATUS_TRY(device, db::change_device(doing.transaction(), wanted.id, wanted.change, 0, now));
    const std::string body = encode_inventory_device(device);
    STRATUS_CHECK(tell(doing, "device", "create", wanted.id, body));
    return Reply{201, body, "/api/v1/devices/" + net::percent_encode(wanted.id),
                 revision_tag(device.revision, body)};
  };
  co_return co_await call.commit(work);
}

Inventory::Answer Inventory::change_device(Call& call) {
  auto revision = revision_to_match(call.request().headers);
  if (!revision) co_return forward_error(std::move(revision));
  auto json = co_await call.read_json();
  if (!json) co_return forward_error(std::move(json));
  auto parsed = parse_device_body(*json);
  if (!parsed) co_return forward_error(std::move(parsed));
  if (!parsed->id.empty()) co_return fail(ErrorCode::invalid, "id: a device keeps its id");
  const ChangeWork work = [id = call.parameter("id"), wanted = parsed->change,
                           from = *revision](Change& doing) -> Result<Reply> {
    STRATUS_TRY(device, db::change_device(doing.transaction(), id, wanted, from, now_ms()));
    const std::string body = encode_inventory_device(device);
    STRATUS_CHECK(tell(doing, "device", "change", id, body));
    return Reply{200, body, "", revision_tag(device.revision, body)};
  };
  co_return co_await call.commit(work);
}

Inventory::Answer Inventory::remove_device(Call& call) {
  auto revision = revision_to_match(call.request().headers);
  if (!revision) co_return forward_error(std::move(revision));
  // What was noted of it and not yet written would bring it back.
  co_await sightings_.flush();
  const ChangeWork work = [id = call.parameter("id"), from = *revision](Change& doing) -> Result<Reply> {
    STRATUS_CHECK(db::remove_device(doing.transaction(), id, from));
    STRATUS_CHECK(tell(doing, "device", "remove", id, "{}"));
    return Reply();
  };
  co_return co_await call.commit(work);
}

Inventory::Answer Inventory::count_devices(Call& call) {
  co_await sightings_.flush();
  const DeviceQuestion question = question_of(call);
  auto facet = parse_facet(call.query("by").value_or(""));
  if (!facet) co_return forward_error(std::move(facet));
  auto count = [&]() -> Result<std::vector<db::FacetCount>> {
    STRATUS_TRY(query, device_query(database_, question, now_ms()));
    return db::count_by(database_, *facet, query.filter, query.now_ms, query.limit);
  };
  auto counts = co_await lists_.run(count);
  if (!counts) co_return forward_error(std::move(counts));
  const std::string body = encode_counts(*counts);
  co_return co_await call.respond_json(200, body);
}

Inventory::Answer Inventory::firmware_history(Call& call) {
  const std::int64_t limit = call.limit(50, 200);
  auto find = [&]() -> Result<std::vector<db::FirmwareEvent>> {
    STRATUS_CHECK(db::find_device(database_, call.parameter("id")));
    return db::firmware_history(database_, call.parameter("id"), limit);
  };
  auto events = co_await pool_.run(find);
  if (!events) co_return forward_error(std::move(events));
  const std::string body = encode_firmware_history(*events);
  co_return co_await call.respond_json(200, body);
}

Inventory::Answer Inventory::contents(Call& call) {
  const std::int64_t limit = call.limit(50, 200);
  auto find = [&]() -> Result<std::vector<db::ShownContent>> {
    STRATUS_CHECK(db::find_device(database_, call.parameter("id")));
    return db::content_history(database_, call.parameter("id"), limit);
  };
  auto found = co_await pool_.run(find);
  if (!found) co_return forward_error(std::move(found));
  const std::string body = encode_contents(*found);
  co_return co_await call.respond_json(200, body);
}

}  // namespace stratus::server
