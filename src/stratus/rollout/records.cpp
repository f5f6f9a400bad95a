#include "stratus/rollout/records.hpp"

#include <boost/json.hpp>

#include "stratus/base/json.hpp"

namespace stratus::rollout {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxText = 1u << 20;
constexpr std::size_t kMaxCause = 4096;

json::array encode_counts(const Counts& counts) {
  json::array array;
  for (const std::uint32_t one : counts.of) array.push_back(one);
  return array;
}

std::int64_t signed_number(ObjectReader& reader, std::string_view key) {
  return static_cast<std::int64_t>(reader.optional_number(key, 0));
}

bool flag(const json::value& value, std::string_view key) {
  const json::value* const found = value.is_object() ? value.get_object().if_contains(key) : nullptr;
  return found != nullptr && found->is_bool() && found->get_bool();
}

}  // namespace

std::string encode_header(const Header& header, const std::vector<Counts>& waves) {
  json::array records;
  for (std::size_t i = 0; i < header.waves.size(); ++i) {
    const WaveRecord& record = header.waves[i];
    records.push_back(json::object{{"opened_ms", record.opened_ms},
                                   {"settled_ms", record.settled_ms},
                                   {"passed_ms", record.passed_ms},
                                   {"accepted", record.accepted},
                                   {"counts", encode_counts(i < waves.size() ? waves[i] : Counts())}});
  }
  return json::serialize(json::object{{"open_waves", header.wave + 1},
                                      {"cause", header.cause},
                                      {"author", header.author},
                                      {"author_person", header.author_person},
                                      {"approver", header.approver},
                                      {"advance_asked_by", header.advance_asked_by},
                                      {"advance_asked_person", header.advance_asked_person},
                                      {"give_back", header.give_back},
                                      {"created_ms", header.created_ms},
                                      {"started_ms", header.started_ms},
                                      {"finished_ms", header.finished_ms},
                                      {"last_start_ms", header.last_start_ms},
                                      {"refusing", header.refusing},
                                      {"retried", header.retried.devices},
                                      {"retried_left_out", header.retried.left_out},
                                      {"waves", std::move(records)}});
}

Result<Header> parse_header(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxText));
  ObjectReader reader(value, "header");
  Header header;
  header.wave = static_cast<int>(signed_number(reader, "open_waves")) - 1;
  header.cause = reader.optional_text("cause", kMaxCause);
  header.author = reader.optional_text("author", kMaxCause);
  header.author_person = reader.optional_text("author_person", kMaxCause);
  header.approver = reader.optional_text("approver", kMaxCause);
  header.advance_asked_by = reader.optional_text("advance_asked_by", kMaxCause);
  header.advance_asked_person = reader.optional_text("advance_asked_person", kMaxCause);
  header.give_back = flag(value, "give_back");
  header.created_ms = signed_number(reader, "created_ms");
  header.started_ms = signed_number(reader, "started_ms");
  header.finished_ms = signed_number(reader, "finished_ms");
  header.last_start_ms = signed_number(reader, "last_start_ms");
  header.refusing = static_cast<std::uint32_t>(signed_number(reader, "refusing"));
  header.retried = {static_cast<std::uint32_t>(signed_number(reader, "retried")),
                    static_cast<std::uint32_t>(signed_number(reader, "retried_left_out"))};
  for (const json::value& one : reader.optional_array("waves", Spec::kMaxWaves)) {
    ObjectReader wave(one, "header.waves");
    WaveRecord record;
    record.opened_ms = signed_number(wave, "opened_ms");
    record.settled_ms = signed_number(wave, "settled_ms");
    record.passed_ms = signed_number(wave, "passed_ms");
    record.accepted = static_cast<std::uint32_t>(signed_number(wave, "accepted"));
    STRATUS_CHECK(wave.done());
    header.waves.push_back(record);
  }
  STRATUS_CHECK(reader.done());
  return header;
}

Result<std::vector<Counts>> parse_counts(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxText));
  ObjectReader reader(value, "header");
  std::vector<Counts> waves;
  for (const json::value& one : reader.optional_array("waves", Spec::kMaxWaves)) {
    ObjectReader wave(one, "header.waves");
    Counts counts;
    std::size_t state = 0;
    for (const json::value& number : wave.optional_array("counts", kDeviceStates)) {
      if (number.is_int64()) counts.of[state] = static_cast<std::uint32_t>(number.get_int64());
      if (number.is_uint64()) counts.of[state] = static_cast<std::uint32_t>(number.get_uint64());
      ++state;
    }
    STRATUS_CHECK(wave.done());
    waves.push_back(counts);
  }
  STRATUS_CHECK(reader.done());
  return waves;
}

std::string encode_before(const std::vector<Before>& before) {
  json::array array;
  for (const Before& one : before) {
    json::object object;
    if (!one.digest.empty()) object["digest"] = one.digest.text();
    if (!one.version.empty()) object["version"] = one.version;
    array.push_back(std::move(object));
  }
  return json::serialize(array);
}

Result<std::vector<Before>> parse_before(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxText));
  std::vector<Before> before;
  const json::array* const array = value.if_array();
  if (array == nullptr || array->size() > Spec::kMaxContents)
    return fail(ErrorCode::corrupt, "what ran before: not an array");
  for (const json::value& one : *array) {
    ObjectReader reader(one, "before");
    before.push_back({reader.optional_digest("digest"), reader.optional_text("version", 256)});
    STRATUS_CHECK(reader.done());
  }
  return before;
}

}  // namespace stratus::rollout
