#include "stratus/wire/audit_entry.hpp"

#include <boost/json.hpp>

#include "stratus/base/json.hpp"

namespace stratus::wire {

namespace json = boost::json;

std::string encode_audit_entry(const AuditEntry& entry) {
  return json::serialize(json::object{{"sequence", entry.sequence},
                                      {"time_ms", entry.time_ms},
                                      {"actor", entry.actor},
                                      {"action", entry.action},
                                      {"object", entry.object},
                                      {"detail", entry.detail},
                                      {"address", entry.address},
                                      {"request", entry.request},
                                      {"hash", entry.hash}});
}

Result<AuditEntry> parse_audit_entry(std::string_view line) {
  STRATUS_TRY(value, parse_json(line, AuditEntry::kMaxEncoded));
  ObjectReader reader(value, "");
  constexpr std::size_t most = AuditEntry::kMaxEncoded;
  AuditEntry entry;
  entry.sequence = static_cast<std::int64_t>(reader.number("sequence"));
  entry.time_ms = static_cast<std::int64_t>(reader.number("time_ms"));
  entry.actor = reader.text("actor", most);
  entry.action = reader.text("action", most);
  entry.object = reader.optional_text("object", most);
  entry.detail = reader.optional_text("detail", most);
  entry.address = reader.optional_text("address", most);
  entry.request = reader.optional_text("request", most);
  entry.hash = reader.text("hash", 64);
  STRATUS_CHECK(reader.done());
  return entry;
}

std::string audit_hash_text(std::string_view previous, const AuditEntry& entry) {
  std::string text;
  const auto add = [&](std::string_view field) {
    text += std::to_string(field.size()) + ":";
    text += field;
  };
  add(previous);
  add(std::to_string(entry.sequence));
  add(std::to_string(entry.time_ms));
  for (const std::string* const field :
       {&entry.actor, &entry.action, &entry.object, &entry.detail, &entry.address, &entry.request}) {
    add(*field);
  }
  return text;
}

Result<void> AuditChain::add(const AuditEntry& entry) {
  const std::string at = "entry " + std::to_string(entry.sequence);
  if (entry.sequence != sequence_ + 1) {
    return fail(ErrorCode::corrupt, at + ": follows entry " + std::to_string(sequence_) +
                                        "; entries are missing or out of order");
  }
  if (entry.time_ms < time_ms_) return fail(ErrorCode::corrupt, at + ": is older than the entry before it");
  if (hash_(audit_hash_text(head_, entry)) != entry.hash)
    return fail(ErrorCode::corrupt, at + ": was altered, or follows another entry than it did when written");
  sequence_ = entry.sequence;
  time_ms_ = entry.time_ms;
  head_ = entry.hash;
  return {};
}

}  // namespace stratus::wire
