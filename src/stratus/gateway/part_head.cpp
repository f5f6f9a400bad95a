#include "stratus/gateway/part_head.hpp"

#include <charconv>

#include <fmt/format.h>

namespace stratus::gateway {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

struct ContentRange {
  std::uint64_t first = 0, last = 0, total = 0;
};

std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const std::size_t dash = text.find('-'), slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return std::nullopt;
  const auto first = number(text.substr(0, dash));
  const auto last = number(text.substr(dash + 1, slash - dash - 1));
  const auto total = number(text.substr(slash + 1));
  if (!first || !last || !total || *first > *last || *last >= *total) return std::nullopt;
  return ContentRange{*first, *last, *total};
}

}  // namespace

Result<PartHead> read_part_head(int status, const net::Headers& headers, std::uint64_t from,
                                std::optional<std::uint64_t> known_total) {
  const auto lie = [](std::string what) {
    return fail(ErrorCode::corrupt, "the upstream's answer contradicts itself: " + what);
  };
  if (const auto encoding = headers.get("Content-Encoding"); encoding && *encoding != "identity") {
    return lie("a blob in Content-Encoding " + std::string(encoding->substr(0, 40)));
  }
  const auto length_field = headers.get("Content-Length");
  const auto length = length_field ? number(*length_field) : std::nullopt;
  if (length_field && !length) return lie("Content-Length is not a number");
  PartHead part;
  if (status == 206) {
    const auto field = headers.get("Content-Range");
    const auto range = field ? parse_content_range(*field) : std::nullopt;
    if (!range) return lie("206 without a Content-Range that makes sense");
    if (range->first != from) {
      return lie(fmt::format("asked for bytes from {}, got them from {}", from, range->first));
    }
    if (length && *length != range->last - range->first + 1)
      return lie("Content-Length and Content-Range differ");
    part.total = range->total;
  } else if (status == 200) {
    if (!length) return fail(ErrorCode::unavailable, "the upstream does not say how long the blob is");
    part.total = *length;
    part.skip = from;
  } else {
    return lie(fmt::format("status {} with a body to stream", status));
  }
  if (known_total && part.total != *known_total) {
    return lie(fmt::format("the blob has {} bytes now, {} before", part.total, *known_total));
  }
  if (from > part.total) return lie(fmt::format("it ends at {}, we hold {} bytes", part.total, from));
  return part;
}

std::optional<std::uint64_t> total_of_unsatisfiable(const net::Headers& headers) {
  const auto field = headers.get("Content-Range");
  if (!field || !field->starts_with("bytes */")) return std::nullopt;
  return number(field->substr(8));
}

}  // namespace stratus::gateway
