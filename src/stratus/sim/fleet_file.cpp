#include "stratus/sim/fleet_file.hpp"

#include <limits>
#include <set>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace stratus::sim {

namespace {

constexpr double kLongest = 366.0 * 86'400;  // seconds

// Reads the keys of one fleet; what nobody asked for is a typing error of the user's and said.
class Reader {
 public:
  explicit Reader(const toml::table& table) : table_(table) {}

  void text(std::string_view key, std::string& out) {
    if (const toml::node* const node = find(key)) {
      const auto value = node->value_exact<std::string>();
      if (!value) return wrong(key, "a text");
      out = *value;
    }
  }
  template <class Number>
  void whole(std::string_view key, Number& out) {
    if (const toml::node* const node = find(key)) {
      const auto value = node->value_exact<std::int64_t>();
      const bool fits =
          value && *value >= 0 && static_cast<std::uint64_t>(*value) <= std::numeric_limits<Number>::max();
      if (!fits) return wrong(key, "a whole number");
      out = static_cast<Number>(*value);
    }
  }
  void share(std::string_view key, double& out) {
    if (const toml::node* const node = find(key)) {
      const auto value = node->value<double>();
      if (!value) return wrong(key, "a number");
      out = *value;
    }
  }
  // `unit`: ms of one.
  void time(std::string_view key, Millis& out, double unit) {
    if (const toml::node* const node = find(key)) {
      const auto value = node->value<double>();
      if (!value || !(*value >= 0 && *value * unit <= kLongest * 1000)) return wrong(key, "a time");
      out = Millis(static_cast<std::int64_t>(*value * unit));
    }
  }
  void flag(std::string_view key, bool& out) {
    if (const toml::node* const node = find(key)) {
      const auto value = node->value_exact<bool>();
      if (!value) return wrong(key, "true or false");
      out = *value;
    }
  }
  Result<void> done() {
    for (const auto& [key, node] : table_) {
      if (!known_.contains(key.str())) wrong(key.str(), "a key that I know");
    }
    if (problem_.empty()) return {};
    return fail(ErrorCode::invalid, problem_);
  }
  void wrong(std::string_view key, std::string_view wanted) {
    if (!problem_.empty()) return;
    const toml::node* const node = table_.get(key);
    const auto line = node != nullptr ? node->source().begin.line : table_.source().begin.line;
    problem_ = fmt::format("line {}: {} is not {}", line, key, wanted);
  }

 private:
  const toml::node* find(std::string_view key) {
    known_.insert(std::string(key));
    return table_.get(key);
  }
  const toml::table& table_;
  std::set<std::string, std::less<>> known_;
  std::string problem_;
};

Result<FleetProfile> read_fleet(const toml::table& table, const FleetProfile& otherwise) {
  FleetProfile fleet = otherwise;
  Reader reader(table);
  reader.text("prefix", fleet.prefix);
  reader.whole("count", fleet.count);
  reader.whole("first", fleet.first);
  reader.text("region", fleet.region);
  reader.text("group", fleet.group);
  reader.text("image", fleet.image);
  reader.whole("chunk", fleet.chunk);
  reader.time("sleep_ms", fleet.sleep, 1);
  reader.whole("bandwidth", fleet.bandwidth);
  reader.time("latency_ms", fleet.latency, 1);
  reader.share("loss", fleet.loss);
  reader.share("cut", fleet.cut);
  reader.share("power_cut", fleet.power_cut);
  reader.share("fail_fraction", fleet.fail);
  std::string how = fleet.fail_how == FailHow::failed ? "failed" : "rolled_back";
  reader.text("fail_how", how);
  reader.text("fail_version", fleet.fail_version);
  if (how != "failed" && how != "rolled_back") reader.wrong("fail_how", "rolled_back or failed");
  fleet.fail_how = how == "failed" ? FailHow::failed : FailHow::rolled_back;
  reader.time("off_time_s", fleet.off_time, 1000);
  reader.time("install_time_s", fleet.install, 1000);
  reader.time("probation_s", fleet.probation, 1000);
  reader.time("metrics_interval_s", fleet.metrics_interval, 1000);
  reader.time("progress_interval_s", fleet.progress_interval, 1000);
  reader.time("poll_s", fleet.poll, 1000);
  reader.flag("deltas", fleet.deltas);
  reader.whole("seed", fleet.seed);
  STRATUS_CHECK(reader.done());
  STRATUS_CHECK(check_profile(fleet));
  return fleet;
}

bool overlap(const FleetProfile& a, const FleetProfile& b) {
  return a.prefix == b.prefix && a.first < b.first + b.count && b.first < a.first + a.count;
}

}  // namespace

Result<std::vector<FleetProfile>> parse_fleets(std::string_view text, const FleetProfile& otherwise) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid,
                fmt::format("line {}: {}", error.source().begin.line, error.description()));
  }
  const toml::array* const tables = document["fleet"].as_array();
  if (tables == nullptr || tables->empty() || !tables->is_array_of_tables() || document.size() != 1)
    return fail(ErrorCode::invalid, "there must be tables [[fleet]] and nothing else");
  std::vector<FleetProfile> fleets;
  for (const toml::node& node : *tables) {
    STRATUS_TRY(fleet, read_fleet(*node.as_table(), otherwise));
    for (const FleetProfile& other : fleets) {
      if (overlap(fleet, other))
        return fail(ErrorCode::invalid,
                    "two fleets share device " + device_name(fleet, 0) + " or one after it");
    }
    fleets.push_back(std::move(fleet));
  }
  return fleets;
}

}  // namespace stratus::sim
