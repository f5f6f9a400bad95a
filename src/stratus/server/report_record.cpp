#include "stratus/server/report_record.hpp"

#include <algorithm>

namespace stratus::server {

db::Report report_record(const wire::DeviceReport& report, std::string body, std::int64_t received_ms) {
  // A clock that is far ahead would make every report after its correction look overtaken.
  constexpr std::int64_t kAhead = 3'600'000;
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
  record.body = std::move(body);
  return record;
}

}  // namespace stratus::server
