#include "stratus/server/device_message.hpp"

#include <algorithm>
#include <array>

#include "stratus/wire/messages.hpp"
#include "stratus/wire/plain_metrics.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::server {
namespace {

using wire::Envelope;

template <class Message>
Result<Envelope> check_as(Result<Message> (*parse)(std::string_view), DeviceMessage& message) {
  STRATUS_TRY(parsed, parse(message.body));
  return parsed.envelope;
}

Result<Envelope> check_answer(DeviceMessage& m) { return check_as(wire::parse_command_answer, m); }
Result<Envelope> check_progress(DeviceMessage& m) { return check_as(wire::parse_progress, m); }
Result<Envelope> check_log(DeviceMessage& m) { return check_as(wire::parse_log, m); }
Result<Envelope> check_presence(DeviceMessage& m) { return check_as(wire::parse_presence, m); }
Result<Envelope> check_question(DeviceMessage& m) { return check_as(wire::parse_next_question, m); }
Result<Envelope> check_any(DeviceMessage& m) { return wire::parse_envelope(m.body); }

Result<Envelope> check_metrics(DeviceMessage& message) {
  STRATUS_TRY(plain, wire::plain_metrics(message.body));
  message.body = std::move(plain.body);
  return plain.envelope;
}

Result<Envelope> check_result(DeviceMessage& message) {
  STRATUS_TRY(result, wire::parse_result(message.body));
  if (result.report.empty()) return result.envelope;
  STRATUS_TRY(report, wire::parse_report(result.report));
  if (report.device != message.device)
    return fail(ErrorCode::denied, "the report is of device " + report.device);
  return result.envelope;
}

struct Kind {
  std::string_view suffix;
  Keep keep;
  Result<Envelope> (*check)(DeviceMessage&);
};

constexpr std::array<Kind, 18> kKinds{{
    {"update/request/ack", Keep::event, check_answer},
    {"update/progress", Keep::progress, check_progress},
    {"update/result", Keep::report, check_result},
    {"update/cancel/ack", Keep::event, check_answer},
    {"update/next", Keep::question, check_question},
    {"status/system", Keep::metrics, check_metrics},
    {"status/network", Keep::metrics, check_metrics},
    {"status/health", Keep::metrics, check_metrics},
    {"data/metrics", Keep::metrics, check_metrics},
    {"data/sensors", Keep::metrics, check_metrics},
    {"status/error_log", Keep::event, check_log},
    {"log", Keep::event, check_log},
    {"sales/data", Keep::sample, check_any},
    {"presence", Keep::presence, check_presence},
    {"control/response", Keep::event, check_answer},
    {"content/active", Keep::event, check_any},
    {"regist", Keep::handled, check_any},
    {"cert/renew/request", Keep::handled, check_any},
}};

constexpr std::int64_t kAhead = 3'600'000;             // a device's clock may be so far ahead
constexpr std::int64_t kEarliest = 1'577'836'800'000;  // 2020: a clock before that was never set

}  // namespace

Result<void> check_message(DeviceMessage& message) {
  const auto* const kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& one) { return one.suffix == message.kind; });
  if (kind == kKinds.end())
    return fail(ErrorCode::not_found, "nothing is known about '" + message.kind + "'");
  STRATUS_TRY(envelope, kind->check(message));
  message.keep = kind->keep;
  message.seq = envelope.seq;
  const auto told = static_cast<std::int64_t>(envelope.time_ms);
  const bool believable = told >= kEarliest && told <= message.received_ms + kAhead;
  message.time_ms = believable ? told : message.received_ms;
  return {};
}

}  // namespace stratus::server
