#include "stratus/store/names.hpp"

#include <algorithm>

namespace stratus::store {
namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_separator(std::string_view run) {
  return run == "." || run == "_" || run == "__" ||
         std::all_of(run.begin(), run.end(), [](char c) { return c == '-'; });
}

bool is_component(std::string_view text) {
  if (text.empty() || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_alphanumeric(text[at])) {
      ++at;
      continue;
    }
    const std::size_t start = at;
    while (!is_alphanumeric(text[at])) ++at;  // ends: the last character is alphanumeric
    if (!is_separator(text.substr(start, at - start))) return false;
  }
  return true;
}

}  // namespace

bool is_repository_name(std::string_view name) {
  if (name.size() > 255) return false;
  for (;;) {
    const std::size_t slash = name.find('/');
    if (!is_component(name.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > 128 || tag.front() == '.' || tag.front() == '-') return false;
  return std::all_of(tag.begin(), tag.end(), [](char c) {
    return is_alphanumeric(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace stratus::store
