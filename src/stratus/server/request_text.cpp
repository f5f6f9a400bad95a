#include "stratus/server/request_text.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace stratus::server {

std::vector<std::string> split_words(std::string_view words) {
  std::vector<std::string> found;
  std::size_t at = 0;
  while (at < words.size()) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    if (end > at) found.emplace_back(words.substr(at, end - at));
    at = end + 1;
  }
  return found;
}

std::string join_words(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

std::string cookie_value(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    const std::size_t end = std::min(field.find(';'), field.size());
    std::string_view pair = field.substr(0, end);
    field.remove_prefix(std::min(end + 1, field.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return std::string(pair.substr(name.size() + 1));
  }
  return {};
}

std::string without_port(std::string_view address) {
  std::string_view host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::vector<std::string>& trusted) {
  const auto is_trusted = [&](const std::string& address) {
    return std::find(trusted.begin(), trusted.end(), address) != trusted.end();
  };
  std::string client = peer;
  while (is_trusted(client) && !forwarded_for.empty()) {
    const std::size_t comma = forwarded_for.rfind(',');
    std::string_view last = forwarded_for.substr(comma == std::string_view::npos ? 0 : comma + 1);
    forwarded_for = comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
    while (last.starts_with(' ')) last.remove_prefix(1);
    while (last.ends_with(' ')) last.remove_suffix(1);
    if (last.empty() || last.size() > 45) break;  // 45: the longest textual IPv6 address
    client = last;
  }
  return client;
}

bool take_flag(boost::json::value& body, std::string_view key) {
  boost::json::object* const object = body.if_object();
  const boost::json::value* const found = object != nullptr ? object->if_contains(key) : nullptr;
  if (found == nullptr || !found->is_bool()) return false;
  const bool set = found->get_bool();
  object->erase(key);
  return set;
}

}  // namespace stratus::server
