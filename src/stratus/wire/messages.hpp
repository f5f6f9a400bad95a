// Payloads of the device topics (docs/formats/mqtt.md): JSON objects, UTF-8, one a message.
//
// Parsing is strict about what is read and silent about what is not known. Everything a device says is
// bounded: counts, lengths, numbers. A command never carries trust: it names a release by digest, and the
// device asks for it and checks its signatures.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"

namespace stratus::wire {

inline constexpr std::size_t kMaxDeviceMessage = 64u << 10;  // bytes of any payload from a device

// What every upward message may carry besides its own members.
struct Envelope {
  // Numbers the messages that the device keeps until the server says that they are stored; 0: it does not
  // wait.
  std::uint64_t seq = 0;
  std::uint64_t time_ms = 0;  // device clock, since 1970 UTC; 0: it does not know
};

// update/request/ack, update/cancel/ack, control/response
struct CommandAnswer {
  Envelope envelope;
  std::string command;  // id of the command that is answered
  std::string status;   // "accepted", "rejected", "done", "refused", "cancelled", "too_late"
  std::string reason;   // for people
  // Of an update/cancel/ack: Stratus-Signature over signed_text(), kind "cancel", counter seq; or empty.
  std::string signature;
};
std::string signed_text(const CommandAnswer& answer);
std::string encode_command_answer(const CommandAnswer& answer);
Result<CommandAnswer> parse_command_answer(std::string_view text);

// update/progress
struct UpdateProgress {
  Envelope envelope;
  std::string command;
  std::string name;
  std::string state;          // of docs/device-states.md: "fetching", "verifying", …
  std::uint32_t percent = 0;  // 0 … 100 of this state
  std::uint64_t bytes = 0;
  std::uint64_t total = 0;
  std::uint64_t speed = 0;  // bytes per second
  std::uint64_t eta_s = 0;
};
std::string encode_progress(const UpdateProgress& progress);
Result<UpdateProgress> parse_progress(std::string_view text);

// update/result: the report of docs/formats/messages.md, exactly as signed.
struct UpdateResult {
  Envelope envelope;
  std::string command;    // empty: the device found the release by itself
  std::string status;     // SUCCESS, FAILED, TIMEOUT, ERROR, CANCELLED, ROLLED_BACK
  std::string report;     // exact bytes of a DeviceReport
  std::string signature;  // Stratus-Signature over them (docs/formats/identity.md), or empty
};
std::string encode_result(const UpdateResult& result);
Result<UpdateResult> parse_result(std::string_view text);

// status/system, status/network, status/health, data/metrics, data/sensors: every number in the object,
// members of inner objects with a dot between the names. Other values are ignored.
struct MetricSample {
  Envelope envelope;
  std::vector<std::pair<std::string, double>> values;
  static constexpr std::size_t kMaxValues = 128;
  static constexpr std::size_t kMaxName = 64;  // of a–z A–Z 0–9 _ . -
};
std::string encode_metrics(const MetricSample& sample);
Result<MetricSample> parse_metrics(std::string_view text);

// status/error_log, log: one entry, or several under "entries".
struct LogEntry {
  std::uint64_t time_ms = 0;
  std::string level;  // "debug", "info", "warning", "error"
  std::string component;
  std::string message;
};
struct LogMessage {
  Envelope envelope;
  std::vector<LogEntry> entries;
  static constexpr std::size_t kMaxEntries = 200;
};
std::string encode_log(const LogMessage& message);
Result<LogMessage> parse_log(std::string_view text);

// presence: retained; the device says online after each connection, its will says offline.
struct Presence {
  Envelope envelope;
  bool online = false;
  std::string boot;     // changes with each start of the device
  std::string version;  // of the agent
};
std::string encode_presence(const Presence& presence);
Result<Presence> parse_presence(std::string_view text);

// update/next: "what is next for me?" Answered on update/next/answer.
struct NextQuestion {
  Envelope envelope;
  std::string name;  // the image it follows
  Digest have;       // manifest of what runs; empty: nothing
};
std::string encode_next_question(const NextQuestion& question);
Result<NextQuestion> parse_next_question(std::string_view text);

struct UpdateItem {
  std::string name;
  std::string version;
  Digest digest;  // of the manifest
};

// update/request/{firmware,content,container} and update/next/answer.
struct UpdateRequest {
  std::string command;            // id; the same request may come twice
  std::string kind;               // "firmware", "content", "container"
  std::string rollout;            // empty: none
  std::vector<UpdateItem> items;  // in this order; empty in an answer: nothing to do
  std::uint64_t expires_ms = 0;   // 0: never
  static constexpr std::size_t kMaxItems = 64;
};
std::string encode_update_request(const UpdateRequest& request);
Result<UpdateRequest> parse_update_request(std::string_view text);

// update/cancel
struct CancelRequest {
  std::string command;  // the request to be given up
  std::string name;     // what of it is under way, as in a request; empty: whatever is under way
  std::string reason;
};
std::string encode_cancel(const CancelRequest& cancel);
Result<CancelRequest> parse_cancel(std::string_view text);

// control/command: one small thing asked of the device itself, answered on control/response. Only a device
// that is there gets it: the brokers drop what is older than its expiry.
inline constexpr std::array<std::string_view, 3> kControlActions{"check_now", "report_metrics", "send_log"};
struct ControlCommand {
  std::string command;  // id; the same may come twice
  std::string action;   // of kControlActions; another is refused with `unknown_command`
};
std::string encode_control_command(const ControlCommand& command);
Result<ControlCommand> parse_control_command(std::string_view text);

// stored: what the device need not keep any longer. `refused` will never be stored: sending it again is no
// use.
struct Stored {
  struct Refusal {
    std::uint64_t seq = 0;
    std::string reason;
  };
  std::vector<std::uint64_t> seqs;
  std::vector<Refusal> refused;
  static constexpr std::size_t kMaxSeqs = 1'000;
};
std::string encode_stored(const Stored& stored);
Result<Stored> parse_stored(std::string_view text);

// Just the envelope: for payloads whose other members are not read here.
Result<Envelope> parse_envelope(std::string_view text);

}  // namespace stratus::wire
