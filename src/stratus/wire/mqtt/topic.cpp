#include <algorithm>
#include <string>

#include "stratus/wire/mqtt/field_reader.hpp"
#include "stratus/wire/mqtt/packet.hpp"

namespace stratus::wire::mqtt {

bool is_topic_name(std::string_view topic) {
  const auto is_wildcard = [](char c) { return c == '+' || c == '#'; };
  return !topic.empty() && std::none_of(topic.begin(), topic.end(), is_wildcard) && is_mqtt_text(topic);
}

bool is_topic_filter(std::string_view filter) {
  if (filter.empty() || !is_mqtt_text(filter)) return false;
  for (std::size_t at = 0; at < filter.size(); ++at) {
    if (filter[at] != '+' && filter[at] != '#') continue;
    const bool level_begins = at == 0 || filter[at - 1] == '/';
    const bool level_ends = at + 1 == filter.size() || (filter[at] == '+' && filter[at + 1] == '/');
    if (!level_begins || !level_ends) return false;
  }
  return true;
}

bool filter_matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  for (;;) {
    if (filter == "#") return true;
    const std::size_t filter_end = filter.find('/');
    const std::size_t topic_end = topic.find('/');
    const std::string_view wanted = filter.substr(0, filter_end);
    if (wanted != "+" && wanted != topic.substr(0, topic_end)) return false;
    if (topic_end == std::string_view::npos) {  // "a/#" also selects "a"
      return filter_end == std::string_view::npos || filter.substr(filter_end) == "/#";
    }
    if (filter_end == std::string_view::npos) return false;
    filter.remove_prefix(filter_end + 1);
    topic.remove_prefix(topic_end + 1);
  }
}

std::string describe_reason(std::uint8_t reason) {
  switch (reason) {
    case 0:
      return "success";
    case 16:
      return "no subscriber";
    case 128:
      return "unspecified error";
    case 129:
      return "malformed packet";
    case 130:
      return "protocol error";
    case 131:
      return "refused by the broker";
    case 132:
      return "protocol version not supported";
    case 133:
      return "client identifier not valid";
    case 134:
      return "bad user name or password";
    case 135:
      return "not authorised";
    case 136:
      return "server unavailable";
    case 137:
      return "server busy";
    case 138:
      return "banned";
    case 139:
      return "server shutting down";
    case 141:
      return "keep alive timeout";
    case 142:
      return "session taken over";
    case 143:
      return "topic filter invalid";
    case 144:
      return "topic name invalid";
    case 147:
      return "receive maximum exceeded";
    case 149:
      return "packet too large";
    case 151:
      return "quota exceeded";
    case 152:
      return "administrative action";
    case 158:
      return "shared subscriptions not supported";
    default:
      return "reason " + std::to_string(reason);
  }
}

}  // namespace stratus::wire::mqtt
