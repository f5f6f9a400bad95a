#include "stratus/update/record_report.hpp"

#include <utility>

namespace stratus::update {

wire::DeviceReport report_of(const DeviceRecord& record, std::string device, std::string name,
                             std::uint64_t now_ms) {
  wire::DeviceReport report;
  report.device = std::move(device);
  report.name = std::move(name);
  report.state = std::string(name_of(record.state));
  report.version = record.candidate.version;
  report.target = record.candidate.manifest;
  report.running = record.current.manifest;
  report.running_version = record.current.version;
  report.reason = record.reason;
  report.plan = record.plan;
  report.bytes = record.bytes;
  report.time_ms = now_ms;
  report.duration_ms = now_ms > record.began_ms ? now_ms - record.began_ms : 0;
  if (record.state == State::rolled_back)
    report.retry_after_ms = record.retry_after(record.candidate.manifest, now_ms);
  return report;
}

}  // namespace stratus::update
