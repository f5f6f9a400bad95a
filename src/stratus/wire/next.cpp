#include "stratus/wire/next.hpp"

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/wire/signature_json.hpp"

namespace stratus::wire {

namespace json = boost::json;

std::string encode_next(const NextRelease& next) {
  json::object message{{"name", next.name}, {"version", next.version}};
  json::array deltas;
  for (const DeltaOffer& delta : next.deltas) {
    deltas.push_back(json::object{{"base", delta.base.text()},
                                  {"diff_id", delta.diff_id.text()},
                                  {"blob", delta.blob.text()},
                                  {"size", delta.size}});
  }
  if (!deltas.empty()) message["deltas"] = std::move(deltas);
  if (next.delta_pending) message["delta_pending"] = true;
  add_signatures(message, next.signatures);
  message["manifest"] = next.manifest;
  message["config"] = next.config;
  return json::serialize(message);
}

Result<NextRelease> parse_next(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, NextRelease::kMaxEncoded));
  ObjectReader reader(value, "");
  NextRelease next;
  next.name = reader.text("name", 255);
  next.version = reader.text("version", 128);
  next.manifest = reader.text("manifest", 4u << 20);
  next.config = reader.text("config", 4u << 20);
  if (const json::object* const object = value.if_object()) {
    if (const json::value* const pending = object->if_contains("delta_pending")) {
      if (!pending->is_bool())
        reader.reject("delta_pending", "not true or false");
      else
        next.delta_pending = pending->get_bool();
    }
  }
  std::size_t index = 0;
  for (const json::value& element : reader.optional_array("deltas", NextRelease::kMaxDeltas)) {
    ObjectReader delta(element, "deltas[" + std::to_string(index++) + "]");
    next.deltas.push_back(
        {delta.digest("base"), delta.digest("diff_id"), delta.digest("blob"), delta.number("size")});
    STRATUS_CHECK(delta.done());
  }
  STRATUS_CHECK(reader.done());
  STRATUS_TRY(signatures, parse_signatures(value, ""));
  next.signatures = std::move(signatures);
  return next;
}

}  // namespace stratus::wire
