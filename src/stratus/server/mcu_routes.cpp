#include "stratus/server/mcu_routes.hpp"

#include <boost/json.hpp>

#include "stratus/base/log.hpp"
#include "stratus/db/devices.hpp"
#include "stratus/db/mcu.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/firmware_parts.hpp"
#include "stratus/server/inventory_json.hpp"
#include "stratus/wire/report.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::server {
namespace {

// What the device says that it has of one part.
Result<void> take_digest(Call& call, std::string_view name, std::uint8_t number, McuQuestion& question) {
  const auto hex = call.query(name);
  if (!hex || hex->empty()) return {};
  const auto digest = Digest::parse("sha256:" + *hex);
  if (!digest) {
    return fail(ErrorCode::invalid, std::string(name) + ": not the 64 hex digits of an image's SHA-256");
  }
  question.parts[number] = *digest;
  return {};
}

}  // namespace

void McuRoutes::register_routes(Router& router) {
  router.add("GET", "/api/v1/mcu/{name*}", Scope::device, [this](Call& call) { return next(call); });
  router.add("GET", "/api/v1/mcu-key", Scope::open, [this](Call& call) { return show_key(call); });
}

McuRoutes::Answer McuRoutes::show_key(Call& call) {
  const std::string text = boost::json::serialize(boost::json::object{{"key", mcu_.public_key()}});
  co_return co_await call.respond_json(200, text);
}

net::Task<void> McuRoutes::note_kind(Call& call, const std::string& device) {
  auto look = [this, &device] { return db::is_other_kind(database_, device); };
  auto other = co_await pool_.run(look);
  if (!other || !*other) co_return;
  const ChangeWork work = [device](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::note_microcontroller(change.transaction(), device, now_ms()));
    STRATUS_TRY(changed, db::find_device(change.transaction(), device));
    change.publish({"devices", device, encode_inventory_device(changed)});
    return Reply();
  };
  auto written = co_await call.apply(work);
  if (!written) log::warning("mcu", "the kind of {} was not stored: {}", device, written.error().text());
}

McuRoutes::Answer McuRoutes::next(Call& call) {
  McuQuestion question;
  question.repository = call.parameter("name");
  question.model = call.query("model").value_or("");
  if (wire::update_kind_of(question.repository) != wire::UpdateKind::firmware)
    co_return fail(ErrorCode::not_found, "only firmware is offered here: firmware/NAME");
  if (question.model.empty() || question.model.size() > 32)
    co_return fail(ErrorCode::invalid, "model: 1 to 32 characters");
  STRATUS_CO_CHECK(take_digest(call, "have", 0, question));
  for (const FirmwarePart& part : kFirmwareParts)
    STRATUS_CO_CHECK(take_digest(call, part.kind, part.number, question));
  std::string device = call.query("device").value_or("");
  if (device.empty() && call.principal().kind == Principal::Kind::device) device = call.principal().id;
  if (!wire::is_device_id(device)) co_return fail(ErrorCode::invalid, "device: not a device id");
  const Principal::Kind kind = call.principal().kind;
  if (kind != Principal::Kind::user && kind != Principal::Kind::token) {
    STRATUS_CO_CHECK(identity_.check_speaks_for(call.request(), device));
    co_await note_kind(call, device);
  }

  // What runs is not told to the rollout: only a signed report says that an image was accepted.
  auto assigned = co_await rollouts_.ask(device, question.repository, Digest(), false);
  if (!assigned) co_return forward_error(std::move(assigned));
  if (*assigned) {
    question.version = (*assigned)->version;
    question.release = (*assigned)->digest;
  } else if (const auto target = releases_.target(question.repository);
             target && !rollouts_.holds_back(device, question.repository)) {
    const auto digest = Digest::parse(target->digest);
    if (!digest) co_return fail(digest.error());
    question.version = target->version;
    question.release = *digest;
  }
  auto derive = [&]() -> Result<Bytes> {
    if (question.release.empty()) {
      // Nothing is wanted of it: it is to run what it runs. So a new image can be confirmed in any case.
      const std::string name = question.repository.substr(question.repository.find('/') + 1);
      const auto have = question.parts.find(0);
      const std::string running = have != question.parts.end() ? have->second.text() : "";
      auto runs = db::find_firmware_version_of(database_, name, running);
      if (!runs) {
        if (runs.error().code() != ErrorCode::not_found) return forward_error(std::move(runs));
        return fail(ErrorCode::not_found, "nothing is offered under " + question.repository);
      }
      STRATUS_TRY(release, Digest::parse(runs->manifest));
      question.release = release;
      question.version = runs->version;
      question.firmware_only = true;  // several releases may hold this image
    }
    return mcu_.manifest(question);
  };
  auto encoded = co_await pool_.run(derive);
  if (!encoded) co_return forward_error(std::move(encoded));
  net::ResponseHead head;
  head.headers.set("Content-Type", "application/octet-stream");
  head.headers.set("Cache-Control", "private");
  const std::string body(encoded->begin(), encoded->end());
  (void)co_await call.exchange().respond(head, body);
  co_return Result<void>();
}

}  // namespace stratus::server
