// What a device sends to become somebody, and what it gets back (docs/formats/identity.md). The same bodies
// travel over HTTPS and MQTT.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::wire {

struct EnrolRequest {
  std::string code;    // digits, as shown to a person; spaces and dashes between them do not count
  std::string csr;     // PEM, PKCS #10
  std::string device;  // the id that it would like; "": the request's CN, else the server chooses

  static constexpr std::size_t kMaxEncoded = 8u << 10;  // bytes
};
std::string encode_enrol_request(const EnrolRequest& request);
Result<EnrolRequest> parse_enrol_request(std::string_view text);

struct RenewRequest {
  std::string csr;
  // Over MQTT through a gateway, whose session is not the device's: over the text of `csr`, kind "renew".
  std::string signature = {};
};
std::string encode_renew_request(const RenewRequest& request);
Result<RenewRequest> parse_renew_request(std::string_view text);

struct EnrolAnswer {
  std::string device;
  std::string kind;    // "device" or "gateway"
  std::string region;  // "" when unassigned
  std::string group;
  std::string certificate;          // PEM, the leaf
  std::string chain;                // PEM, what stands between leaf and root
  std::string root;                 // PEM: what to trust in future
  std::int64_t not_after_ms = 0;    // since 1970 UTC
  std::int64_t renew_after_ms = 0;  // from then on a new certificate is due

  static constexpr std::size_t kMaxEncoded = 64u << 10;  // bytes
};
std::string encode_enrol_answer(const EnrolAnswer& answer);
Result<EnrolAnswer> parse_enrol_answer(std::string_view text);

// Over MQTT there is no status line: the reply is the answer, or {"status", "code", "detail"} as in an HTTP
// problem.
std::string encode_refusal(const Error& error);
// A refusal becomes the error that it tells; else as parse_enrol_answer.
Result<EnrolAnswer> parse_enrol_reply(std::string_view text);

}  // namespace stratus::wire
