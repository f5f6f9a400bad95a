// A device's report as the catalogue keeps it. Pure.
#pragma once

#include <string>

#include "stratus/db/catalogue.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::server {

// `body`: the exact bytes that were parsed.
db::Report report_record(const wire::DeviceReport& report, std::string body, std::int64_t received_ms);

// How a report about `name` counts for what the device runs.
db::Report::Main main_of(std::string_view name);
// What a report about contents says that the device shows.
std::optional<std::vector<db::ShownContent>> shown_of(const wire::DeviceReport& report);

}  // namespace stratus::server
