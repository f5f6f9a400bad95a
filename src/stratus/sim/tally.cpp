#include "stratus/sim/tally.hpp"

#include <algorithm>
#include <bit>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/bytes.hpp"
#include "stratus/base/json.hpp"

namespace stratus::sim {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxText = 256u << 10;

// 0 … 7 exactly, then eight buckets per doubling.
std::size_t bucket_of(std::uint64_t ms) {
  if (ms < 8) return static_cast<std::size_t>(ms);
  const auto doubling = static_cast<unsigned>(std::bit_width(ms)) - 4;
  return (doubling + 1) * 8 + static_cast<std::size_t>((ms >> doubling) & 7);
}
std::uint64_t middle_of(std::size_t bucket) {
  if (bucket < 8) return bucket;
  const auto doubling = static_cast<unsigned>(bucket / 8) - 1;
  const std::uint64_t low = (8 + bucket % 8) << doubling;
  return low + ((std::uint64_t{1} << doubling) >> 1);
}

// Every number of a tally by its name, so that adding, telling and reading are one list.
struct Field {
  std::string_view name;
  std::uint64_t Tally::*member;
};
constexpr Field kFields[] = {
    {"devices", &Tally::devices},       {"online", &Tally::online},
    {"updating", &Tally::updating},     {"downloading", &Tally::downloading},
    {"unsaid", &Tally::unsaid},         {"reached", &Tally::reached},
    {"connects", &Tally::connects},     {"succeeded", &Tally::succeeded},
    {"failed", &Tally::failed},         {"rolled_back", &Tally::rolled_back},
    {"cancelled", &Tally::cancelled},   {"bytes", &Tally::bytes},
    {"requests", &Tally::requests},     {"messages", &Tally::messages},
    {"power_cuts", &Tally::power_cuts}, {"link_cuts", &Tally::link_cuts},
    {"memory_kib", &Tally::memory_kib}, {"peak_memory_kib", &Tally::peak_memory_kib},
};

void add_recovery(Recovery& to, const Recovery& from) {
  to.needed += from.needed;
  to.done += from.done;
}

json::value times_of(const Histogram& times) {
  return json::object{{"count", times.count()},      {"mean", times.mean()},
                      {"p50", times.percentile(50)}, {"p90", times.percentile(90)},
                      {"p99", times.percentile(99)}, {"max", times.max()}};
}

json::value rate_of(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return nullptr;
  return static_cast<double>(part) / static_cast<double>(whole);
}

json::value recovery_of(const Recovery& recovery) {
  return json::object{{"needed", recovery.needed},
                      {"done", recovery.done},
                      {"rate", rate_of(recovery.done, recovery.needed)}};
}

std::string percent_text(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "–"
                    : fmt::format("{:.2f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string times_text(const Histogram& times) {
  if (times.count() == 0) return "none";
  return fmt::format("mean {:.0f} ms, p50 {}, p90 {}, p99 {}, longest {}", times.mean(), times.percentile(50),
                     times.percentile(90), times.percentile(99), times.max());
}

}  // namespace

void Histogram::record(std::uint64_t ms) {
  ++buckets_[std::min(bucket_of(ms), kBuckets - 1)];
  ++count_;
  sum_ += ms;
  max_ = std::max(max_, ms);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double wanted = percent / 100 * static_cast<double>(count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (static_cast<double>(seen) >= wanted && seen > 0) return std::min(middle_of(i), max_);
  }
  return max_;
}

void Tally::count_cause(std::string_view cause) {
  const std::string key(cause.substr(0, 200));
  const bool room = causes.size() < kMaxCauses || causes.contains(key);
  ++causes[room ? key : "others"];
}

void Tally::add(const Tally& other) {
  for (const Field& field : kFields) this->*field.member += other.*field.member;
  add_recovery(partial, other.partial);
  add_recovery(rollback, other.rollback);
  download.add(other.download);
  update.add(other.update);
  for (const auto& [cause, times] : other.causes) {
    const bool room = causes.size() < kMaxCauses || causes.contains(cause);
    causes[room ? cause : "others"] += times;
  }
}

json::value encode_tally_value(const Tally& tally) {
  json::object text;
  for (const Field& field : kFields) text[field.name] = tally.*field.member;
  text["partial"] = {tally.partial.needed, tally.partial.done};
  text["rollback"] = {tally.rollback.needed, tally.rollback.done};
  for (const auto& [name, times] :
       {std::pair("download", &tally.download), std::pair("update", &tally.update)}) {
    json::array buckets;  // the last of them that holds something ends the list
    for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
      if (times->buckets_[i] > 0) buckets.push_back({i, times->buckets_[i]});
    }
    text[name] = json::object{{"buckets", buckets}, {"sum", times->sum_}, {"max", times->max_}};
  }
  json::object causes;
  for (const auto& [cause, times] : tally.causes) causes[cause] = times;
  text["causes"] = causes;
  return text;
}

std::string encode_tally(const Tally& tally) { return json::serialize(encode_tally_value(tally)); }

Result<Tally> parse_tally(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxText));
  const auto refuse = [] { return fail(ErrorCode::invalid, "this is no tally"); };
  const auto whole = [](const json::value* number, std::uint64_t& into) {
    if (number == nullptr || !number->is_number()) return false;
    boost::system::error_code error;
    into = number->to_number<std::uint64_t>(error);
    return !error;
  };
  const json::object* const object = value.if_object();
  if (object == nullptr) return refuse();
  Tally tally;
  for (const Field& field : kFields) {
    if (!whole(object->if_contains(field.name), tally.*field.member)) return refuse();
  }
  for (const auto& [name, into] :
       {std::pair("partial", &tally.partial), std::pair("rollback", &tally.rollback)}) {
    const json::value* const pair = object->if_contains(name);
    if (pair == nullptr || !pair->is_array() || pair->get_array().size() != 2) return refuse();
    if (!whole(&pair->get_array()[0], into->needed) || !whole(&pair->get_array()[1], into->done))
      return refuse();
  }
  for (const auto& [name, into] :
       {std::pair("download", &tally.download), std::pair("update", &tally.update)}) {
    const json::value* const times = object->if_contains(name);
    if (times == nullptr || !times->is_object()) return refuse();
    const json::value* const buckets = times->get_object().if_contains("buckets");
    if (buckets == nullptr || !buckets->is_array()) return refuse();
    for (const json::value& one : buckets->get_array()) {
      std::uint64_t at = 0, count = 0;
      if (!one.is_array() || one.get_array().size() != 2) return refuse();
      if (!whole(&one.get_array()[0], at) || !whole(&one.get_array()[1], count)) return refuse();
      if (at >= Histogram::kBuckets || count > UINT32_MAX) return refuse();
      into->buckets_[at] = static_cast<std::uint32_t>(count);
      into->count_ += count;
    }
    if (!whole(times->get_object().if_contains("sum"), into->sum_)) return refuse();
    if (!whole(times->get_object().if_contains("max"), into->max_)) return refuse();
  }
  const json::value* const causes = object->if_contains("causes");
  if (causes == nullptr || !causes->is_object()) return refuse();
  for (const auto& [cause, times] : causes->get_object()) {
    if (tally.causes.size() > Tally::kMaxCauses || !whole(&times, tally.causes[cause])) return refuse();
  }
  return tally;
}

std::string report_json(const Tally& tally, double wall_s) {
  json::object causes;
  for (const auto& [cause, times] : tally.causes) causes[cause] = times;
  const std::uint64_t devices = std::max<std::uint64_t>(1, tally.devices);
  const json::object report{
      {"devices", tally.devices},
      {"online", tally.online},
      {"reached", tally.reached},
      {"wall_s", wall_s},
      {"updates", json::object{{"finished", tally.finished()},
                               {"succeeded", tally.succeeded},
                               {"failed", tally.failed},
                               {"rolled_back", tally.rolled_back},
                               {"cancelled", tally.cancelled},
                               {"under_way", tally.updating}}},
      {"success_rate", rate_of(tally.succeeded, tally.finished())},
      {"download_ms", times_of(tally.download)},
      {"update_ms", times_of(tally.update)},
      {"recovery", json::object{{"partial_download", recovery_of(tally.partial)},
                                {"rollback", recovery_of(tally.rollback)}}},
      {"causes", causes},
      {"unsaid_reports", tally.unsaid},
      {"connects", tally.connects},
      {"power_cuts", tally.power_cuts},
      {"link_cuts", tally.link_cuts},
      {"bytes", tally.bytes},
      {"requests", tally.requests},
      {"messages", tally.messages},
      {"memory_kib_per_device", static_cast<double>(tally.memory_kib) / static_cast<double>(devices)},
      {"peak_memory_kib_per_device",
       static_cast<double>(tally.peak_memory_kib) / static_cast<double>(devices)}};
  return json::serialize(report);
}

std::string report_text(const Tally& tally, double wall_s) {
  std::string text = fmt::format(
      "{} devices, {:.1f} s\n"
      "  updates          {} finished: {} succeeded ({}), {} failed, {} returned to the version before, {} "
      "cancelled\n"
      "  download         {}\n"
      "  whole update     {}\n"
      "  recovery         interrupted downloads {} of {} ({}), returns {} of {} ({})\n"
      "  traffic          {} in {} requests, {} messages, {} connections to the broker\n"
      "  faults           {} power cuts, {} broken connections\n"
      "  memory           {:.1f} KiB a device, {:.1f} at the highest\n",
      tally.devices, wall_s, tally.finished(), tally.succeeded,
      percent_text(tally.succeeded, tally.finished()), tally.failed, tally.rolled_back, tally.cancelled,
      times_text(tally.download), times_text(tally.update), tally.partial.done, tally.partial.needed,
      percent_text(tally.partial.done, tally.partial.needed), tally.rollback.done, tally.rollback.needed,
      percent_text(tally.rollback.done, tally.rollback.needed), human_bytes(tally.bytes), tally.requests,
      tally.messages, tally.connects, tally.power_cuts, tally.link_cuts,
      static_cast<double>(tally.memory_kib) / static_cast<double>(std::max<std::uint64_t>(1, tally.devices)),
      static_cast<double>(tally.peak_memory_kib) /
          static_cast<double>(std::max<std::uint64_t>(1, tally.devices)));
  if (tally.unsaid > 0) text += fmt::format("  {} reports are not known to be stored\n", tally.unsaid);
  for (const auto& [cause, times] : tally.causes) text += fmt::format("  {:>6} × {}\n", times, cause);
  return text;
}

std::string live_line(const Tally& tally, double bytes_per_s) {
  return fmt::format("{}/{} online, {} downloading at {}/s, {} updated, {} returned, {} failed", tally.online,
                     tally.devices, tally.downloading, human_bytes(static_cast<std::uint64_t>(bytes_per_s)),
                     tally.succeeded, tally.rolled_back, tally.failed);
}

}  // namespace stratus::sim
