// A device's report as the catalogue keeps it. Pure.
#pragma once

#include <string>

#include "stratus/db/catalogue.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::server {

// `body`: the exact bytes that were parsed.
db::Report report_record(const wire::DeviceReport& report, std::string body, std::int64_t received_ms);

}  // namespace stratus::server
