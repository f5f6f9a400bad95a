#include "stratus/wire/signature_json.hpp"

#include <boost/json.hpp>

#include "stratus/base/json.hpp"

namespace stratus::wire {

namespace json = boost::json;

void add_signatures(json::object& message, const std::vector<ReleaseSignature>& signatures) {
  if (signatures.empty()) return;
  json::array entries;
  for (const ReleaseSignature& signature : signatures) {
    json::object entry{{"key_id", signature.key_id}};
    if (signature.payload.empty()) {
      entry["counter"] = signature.counter;
    } else {
      entry["payload"] = signature.payload;
    }
    entry["signature"] = to_base64(signature.signature);
    entries.push_back(std::move(entry));
  }
  message["signatures"] = std::move(entries);
}

Result<std::vector<ReleaseSignature>> parse_signatures(const json::value& message, const std::string& path) {
  ObjectReader reader(message, path);
  std::vector<ReleaseSignature> signatures;
  for (const json::value& element : reader.optional_array("signatures", NextRelease::kMaxSignatures)) {
    const std::string index = "signatures[" + std::to_string(signatures.size()) + "]";
    ObjectReader signature(element, path.empty() ? index : path + "." + index);
    ReleaseSignature one;
    one.key_id = signature.text("key_id", NextRelease::kMaxKeyId);
    one.payload = signature.optional_text("payload", NextRelease::kMaxPayload);
    if (one.payload.empty()) one.counter = signature.number("counter");
    one.signature = signature.base64("signature", NextRelease::kMaxSignature);
    STRATUS_CHECK(signature.done());
    signatures.push_back(std::move(one));
  }
  STRATUS_CHECK(reader.done());
  return signatures;
}

}  // namespace stratus::wire
