#include "stratus/net/platform/beast/request_parser.hpp"

#include <gtest/gtest.h>

namespace stratus::net {
namespace {

// What is read from `body` when it arrives in two pieces, the first `cut` bytes long.
std::string read_body(std::string_view body, std::size_t cut) {
  RequestParser parser;
  const std::string_view head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  if (!parser.parse_head(as_bytes(head)).complete) return "no head";
  std::string seen;
  std::size_t begin = 0;
  for (std::size_t end = cut; end <= body.size();) {
    std::uint8_t into[3];
    const auto progress = parser.parse_chunked(as_bytes(body.substr(begin, end - begin)), into);
    if (!progress) return seen + " broken";
    begin += progress->consumed;
    seen.append(reinterpret_cast<const char*>(into), progress->produced);
    if (progress->done) return seen;
    if (progress->consumed > 0 || progress->produced > 0) continue;
    end = end == body.size() ? end + 1 : body.size();
  }
  return seen + " incomplete";
}

TEST(RequestParser, ReadsAChunkedBodyHoweverItIsCut) {
  struct Case {
    std::string_view body, text;
  };
  for (const Case& one : {Case{"0\r\n\r\n", ""}, Case{"0\r\nTrailer: t\r\n\r\n", ""},
                          Case{"000;x\r\n\r\n", ""}, Case{"5;x=y\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!"},
                          Case{"1\r\na\r\n0;y\r\nT: t\r\n\r\n", "a"}}) {
    for (std::size_t cut = 0; cut <= one.body.size(); ++cut)
      EXPECT_EQ(read_body(one.body, cut), one.text) << one.body << " cut at " << cut;
  }
}

TEST(RequestParser, WaitsForTheRestOfAChunkedBody) {
  for (const std::string_view body : {"", "0", "0\r\n", "0\r\n\r", "1\r\n"})
    EXPECT_EQ(read_body(body, 0), " incomplete");
  EXPECT_EQ(read_body("1\r\na\r\n0\r\n\r", 0), "a incomplete");
  EXPECT_EQ(read_body("x\r\n\r\n", 0), " broken");
}

}  // namespace
}  // namespace stratus::net
