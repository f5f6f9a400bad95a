#include "stratus/server/revision_tag.hpp"

#include <charconv>

#include <fmt/format.h>

#include "stratus/base/result.hpp"

namespace stratus::server {

std::string revision_tag(std::int64_t revision, std::string_view body) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a: tells versions apart, protects nothing
  for (const char c : body) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return fmt::format("{}.{:016x}", revision, hash);
}

Result<std::int64_t> revision_to_match(const net::Headers& headers) {
  const auto wanted = headers.get("If-Match");
  if (!wanted || *wanted == "*") return 0;
  const std::size_t open = wanted->find('"');
  std::int64_t revision = 0;
  const char* const end = wanted->data() + wanted->size();
  const auto parsed = open == std::string_view::npos
                          ? std::from_chars_result{end, std::errc::invalid_argument}
                          : std::from_chars(wanted->data() + open + 1, end, revision);
  if (parsed.ec == std::errc() && revision > 0 && parsed.ptr != end &&
      (*parsed.ptr == '.' || *parsed.ptr == '"')) {
    return revision;
  }
  return fail(ErrorCode::conflict, "If-Match names no version of this; read it again", "precondition_failed");
}

}  // namespace stratus::server
