#include "stratus/oci/reference.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stratus::oci {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_component(std::string_view text) {
  std::size_t at = 0;
  const auto skip_word = [&] {
    const std::size_t begin = at;
    while (at < text.size() && is_lower_or_digit(text[at])) ++at;
    return at > begin;
  };
  if (!skip_word()) return false;
  while (at < text.size()) {
    const std::size_t begin = at;
    while (at < text.size() && text[at] == text[begin] && !is_lower_or_digit(text[at])) ++at;
    const std::size_t length = at - begin;
    const char separator = text[begin];
    const bool allowed = (separator == '.' && length == 1) ||
                         (separator == '_' && length >= 1 && length <= 2) ||
                         (separator == '-' && length >= 1);
    if (!allowed || !skip_word()) return false;
  }
  return true;
}

}  // namespace

bool is_repository_name(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  for (;;) {
    const std::size_t slash = text.find('/');
    if (!is_component(text.substr(0, slash))) return false;
    if (slash == text.npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > 128 || text[0] == '.' || text[0] == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
  });
}

Result<Reference> parse_reference(std::string_view text) {
  Reference out;
  std::string_view rest = text;
  if (const std::size_t at = rest.find('@'); at != rest.npos) {
    STRATUS_TRY(digest, Digest::parse(rest.substr(at + 1)).with_context(fmt::format("'{}'", text)));
    out.digest = digest;
    rest = rest.substr(0, at);
  }
  if (const std::size_t colon = rest.rfind(':'); colon != rest.npos && rest.find('/', colon) == rest.npos) {
    out.tag = std::string(rest.substr(colon + 1));
    rest = rest.substr(0, colon);
    if (!is_tag(out.tag)) {
      return fail(ErrorCode::invalid,
                  fmt::format("'{}': the part behind ':' may hold letters, digits, '.', '_' and "
                              "'-' (128 at most), and not begin with '.' or '-'",
                              text));
    }
  }
  out.name = std::string(rest);
  if (!is_repository_name(out.name)) {
    return fail(ErrorCode::invalid,
                fmt::format("'{}': a name is lower-case letters and digits with single '.', '_' "
                            "or '-' between them, in parts joined by '/', and no host",
                            text));
  }
  return out;
}

}  // namespace stratus::oci
