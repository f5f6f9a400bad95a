#include "stratus/wire/enrolment.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::wire {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxPem = 16u << 10;

// "123 456" and "123-456" are how people write six digits.
std::string digits_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '-') out.push_back(c);
  }
  return out;
}

bool is_code(std::string_view text) {
  return text.size() >= 6 && text.size() <= 16 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string encode_enrol_request(const EnrolRequest& request) {
  json::object message{{"code", request.code}, {"csr", request.csr}};
  if (!request.device.empty()) message["device"] = request.device;
  return json::serialize(message);
}

Result<EnrolRequest> parse_enrol_request(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, EnrolRequest::kMaxEncoded));
  ObjectReader reader(value, "");
  EnrolRequest request;
  request.code = digits_of(reader.text("code", 32));
  request.csr = reader.text("csr", EnrolRequest::kMaxEncoded);
  request.device = reader.optional_text("device", 64);
  if (!is_code(request.code)) reader.reject("code", "not 6 to 16 digits");
  if (!request.device.empty() && !is_device_id(request.device)) reader.reject("device", "not a device id");
  STRATUS_CHECK(reader.done());
  return request;
}

std::string encode_renew_request(const RenewRequest& request) {
  json::object message{{"csr", request.csr}};
  if (!request.signature.empty()) message["signature"] = request.signature;
  return json::serialize(message);
}

Result<RenewRequest> parse_renew_request(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, EnrolRequest::kMaxEncoded));
  ObjectReader reader(value, "");
  RenewRequest request;
  request.csr = reader.text("csr", EnrolRequest::kMaxEncoded);
  request.signature = reader.optional_text("signature", 256);
  STRATUS_CHECK(reader.done());
  return request;
}

std::string encode_enrol_answer(const EnrolAnswer& answer) {
  json::object message{{"device", answer.device},
                       {"kind", answer.kind},
                       {"certificate", answer.certificate},
                       {"chain", answer.chain},
                       {"root", answer.root},
                       {"not_after_ms", answer.not_after_ms},
                       {"renew_after_ms", answer.renew_after_ms}};
  if (!answer.region.empty()) message["region"] = answer.region;
  if (!answer.group.empty()) message["group"] = answer.group;
  return json::serialize(message);
}

Result<EnrolAnswer> parse_enrol_answer(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, EnrolAnswer::kMaxEncoded));
  ObjectReader reader(value, "");
  EnrolAnswer answer;
  answer.device = reader.text("device", 64);
  answer.kind = reader.text("kind", 16);
  answer.region = reader.optional_text("region", 64);
  answer.group = reader.optional_text("group", 64);
  answer.certificate = reader.text("certificate", kMaxPem);
  answer.chain = reader.text("chain", kMaxPem);
  answer.root = reader.text("root", kMaxPem);
  answer.not_after_ms = static_cast<std::int64_t>(reader.number("not_after_ms"));
  answer.renew_after_ms = static_cast<std::int64_t>(reader.number("renew_after_ms"));
  if (!is_device_id(answer.device)) reader.reject("device", "not a device id");
  STRATUS_CHECK(reader.done());
  return answer;
}

std::string encode_refusal(const Error& error) {
  const ErrorMapping& mapping = mapping_of(error.code());
  const std::string_view code = error.reason().empty() ? mapping.name : std::string_view(error.reason());
  return json::serialize(
      json::object{{"status", mapping.http_status}, {"code", code}, {"detail", error.text()}});
}

Result<EnrolAnswer> parse_enrol_reply(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, EnrolAnswer::kMaxEncoded));
  ObjectReader reader(value, "");
  const std::uint64_t status = reader.optional_number("status", 0);
  if (status == 0) return parse_enrol_answer(text);
  const std::string code = reader.text("code", 64), detail = reader.text("detail", 4096);
  STRATUS_CHECK(reader.done());
  return fail(error_code_of_http_status(static_cast<int>(std::min<std::uint64_t>(status, 599))), detail,
              code);
}

}  // namespace stratus::wire
