// Measurements in the form in which they are stored: what parse_metrics and encode_metrics make together, in
// a third of their time. The server does this for every one.
#pragma once

#include <string>
#include <string_view>

#include "stratus/base/result.hpp"
#include "stratus/wire/messages.hpp"

namespace stratus::wire {

struct PlainMetrics {
  Envelope envelope;
  std::string body;  // the numbers alone: {"cpu_percent":12.5,"disk.used":7}
};
// Errors as parse_metrics.
Result<PlainMetrics> plain_metrics(std::string_view text);

// As numbers stand in a body: whole ones without a point. It must be finite.
void append_number(std::string& text, double number);

}  // namespace stratus::wire
