#include "stratus/server/report_record.hpp"

#include <algorithm>

#include "stratus/wire/update_kind.hpp"

namespace stratus::server {

db::Report report_record(const wire::DeviceReport& report, std::string body, std::int64_t received_ms) {
  // A clock that is far ahead would make every report after its correction look overtaken.
  constexpr std::int64_t kAhead = 24 * 3'600'000;
  const auto text = [](const Digest& digest) { return digest.empty() ? std::string() : digest.text(); };
  const auto reported = static_cast<std::int64_t>(report.time_ms);
  db::Report record;
  record.device = report.device;
  record.sequence = static_cast<std::int64_t>(report.sequence);
  record.received_ms = received_ms;
  record.reported_ms = reported > received_ms + kAhead ? received_ms : reported;
  record.name = report.name;
  record.running = text(report.running);
  record.running_version = report.running_version;
  record.target = text(report.target);
  record.target_version = report.version;
  record.state = report.state;
  record.reason = report.reason;
  record.bytes = static_cast<std::int64_t>(report.bytes);
  record.body = std::move(body);
  record.main = main_of(report.name);
  record.shown = shown_of(report);
  return record;
}

db::Report::Main main_of(std::string_view name) {
  switch (wire::update_kind_of(name)) {
    case wire::UpdateKind::container:
      return db::Report::Main::always;
    case wire::UpdateKind::firmware:  // of a board that runs nothing else, or beside a container
      return db::Report::Main::beside;
    case wire::UpdateKind::content:
      break;
  }
  return db::Report::Main::never;
}

std::optional<std::vector<db::ShownContent>> shown_of(const wire::DeviceReport& report) {
  if (!report.shown || report.name != wire::kContentName) return std::nullopt;
  std::vector<db::ShownContent> shown;
  for (const wire::ShownContent& one : *report.shown)
    shown.push_back({one.id, "", one.manifest.text(), 0, 0});
  return shown;
}

}  // namespace stratus::server
