// What a device tells about its record: the part of a report that is the same for all who keep one. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "stratus/update/device_record.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::update {

// Of what `device` does with the image `name`, at wall clock time `now_ms`. Sequence and down-time are the
// caller's.
wire::DeviceReport report_of(const DeviceRecord& record, std::string device, std::string name,
                             std::uint64_t now_ms);

}  // namespace stratus::update
