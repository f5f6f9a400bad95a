// Payloads and topics from devices: no crash, and what is accepted is written and read again as the same.
#include <cstdlib>

#include "stratus/wire/messages.hpp"
#include "stratus/wire/plain_metrics.hpp"
#include "stratus/wire/topics.hpp"

namespace {

template <class Message>
void check(std::string_view text, std::string (*encode)(const Message&),
           stratus::Result<Message> (*parse)(std::string_view)) {
  const auto parsed = parse(text);
  if (!parsed) return;
  const std::string once = encode(*parsed);
  const auto again = parse(once);
  if (!again || encode(*again) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::wire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text, encode_command_answer, parse_command_answer);
  check(text, encode_progress, parse_progress);
  check(text, encode_result, parse_result);
  check(text, encode_presence, parse_presence);
  check(text, encode_next_question, parse_next_question);
  check(text, encode_update_request, parse_update_request);
  check(text, encode_cancel, parse_cancel);
  check(text, encode_control_command, parse_control_command);
  check(text, encode_stored, parse_stored);
  const auto plain = plain_metrics(text);
  if (plain.has_value() != parse_metrics(text).has_value()) std::abort();
  if (plain && !parse_metrics(plain->body)) std::abort();
  (void)parse_log(text);
  (void)parse_envelope(text);
  if (const auto topic = parse_device_topic(text)) {
    const std::string again = device_topic(topic->device, topic->suffix, topic->gateway);
    if (!parse_device_topic(again)) std::abort();
  }
  return 0;
}
