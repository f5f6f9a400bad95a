// What net reads from strangers before any handler does: request heads, chunked bodies, ranges, queries,
// percent encoding.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "stratus/net/http_message.hpp"
#include "stratus/net/platform/beast/request_parser.hpp"

namespace {

using namespace stratus;  // NOLINT: a fuzz target

void require(bool condition) {
  if (!condition) std::abort();
}

void check_text(std::string_view text) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, UINT64_MAX}) {
    net::ByteRange range{};
    if (net::parse_range(text, size, range) != net::RangeVerdict::partial) continue;
    require(range.length > 0 && range.first < size && range.length <= size - range.first);
  }
  require(net::percent_decode(net::percent_encode(text)) == text ||
          text.find('\0') != std::string_view::npos);
  (void)net::percent_decode(text);
  (void)net::list_contains(text, "br");
  net::RequestHead head;
  head.target = text;
  (void)head.query("device");
  (void)head.query("");
}

// Feeds the request in pieces of `step` bytes, as a socket would; answers what the handler would have seen.
std::string parse(BytesView input, std::size_t step) {
  net::RequestParser parser;
  Bytes buffer;
  std::size_t fed = 0;
  const auto feed = [&] {
    const std::size_t count = std::min(step, input.size() - fed);
    buffer.insert(buffer.end(), input.begin() + static_cast<std::ptrdiff_t>(fed),
                  input.begin() + static_cast<std::ptrdiff_t>(fed + count));
    fed += count;
    return count > 0;
  };
  const auto consume = [&](std::size_t count) {
    require(count <= buffer.size());
    buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
  };
  for (;;) {
    if (!feed()) return "incomplete";
    const auto progress = parser.parse_head(buffer);
    consume(progress.consumed);
    if (progress.refuse_status != 0) return "refused";
    if (progress.complete) break;
  }
  const net::RequestHead head = parser.take_head();
  require(!(parser.chunked() && head.content_length));
  std::string seen = head.method + ' ' + head.target + '\n';
  if (!parser.chunked()) return seen;
  for (;;) {
    std::uint8_t into[7];
    const auto progress = parser.parse_chunked(buffer, into);
    if (!progress) return seen + "broken";
    consume(progress->consumed);
    require(progress->produced <= sizeof into);
    seen.append(reinterpret_cast<const char*>(into), progress->produced);
    if (progress->done) return seen + "done";
    if (progress->consumed == 0 && progress->produced == 0 && !feed()) return seen + "incomplete";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const stratus::BytesView input(data, size);
  check_text(stratus::as_text(input));
  // However the bytes are cut, the request is the same. A refusal may come at another byte.
  const std::string whole = parse(input, size + 1);
  const std::string pieces = parse(input, 1);
  const bool settled =
      whole != "refused" && pieces != "refused" && !whole.ends_with("broken") && !pieces.ends_with("broken");
  if (settled) require(whole == pieces);
  return 0;
}
