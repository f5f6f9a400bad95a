#include "stratus/net/http_connection.hpp"

#include <gtest/gtest.h>

#include "stratus/net/platform/beast/response_parser.hpp"

namespace stratus::net {
namespace {

TEST(HttpOrigin, IsReadAndWritten) {
  for (const char* const url :
       {"https://a.example", "https://127.0.0.1:8443", "http://localhost:80", "http://[::1]:8080"}) {
    const auto origin = parse_http_origin(url);
    ASSERT_TRUE(origin) << url;
    EXPECT_EQ(parse_http_origin(origin->text())->port, origin->port);
  }
  EXPECT_EQ(parse_http_origin("https://a.example/")->port, 443);
  EXPECT_EQ(parse_http_origin("http://[::1]:8080")->authority(), "[::1]:8080");
  for (const char* const url :
       {"", "a.example", "ftp://a", "https://", "https://a:0", "https://a:99999", "https://a:", "https://a/b",
        "https://u@a", "https://[::1", "https://[::1]x", "https://a b"})
    EXPECT_FALSE(parse_http_origin(url)) << url;
}

TEST(ResponseParser, ReadsAHeadInPieces) {
  const std::string text =
      "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 1-5/9\r\n\r\nhello";
  ResponseParser parser;
  std::string input;
  bool complete = false;
  for (const char c : text) {
    if (complete) break;
    input.push_back(c);
    const auto progress = parser.parse_head(as_bytes(input));
    ASSERT_TRUE(progress) << progress.error().text();
    input.erase(0, progress->consumed);
    complete = progress->complete;
  }
  ASSERT_TRUE(complete);
  EXPECT_TRUE(input.empty()) << "the body is not the parser's";
  EXPECT_EQ(parser.content_length(), 5u);
  EXPECT_TRUE(parser.keep_alive());
  const ResponseHead head = parser.take_head();
  EXPECT_EQ(head.status, 206);
  EXPECT_EQ(head.headers.get("content-range"), "bytes 1-5/9");
}

TEST(ResponseParser, WantsALengthWhereABodyFollows) {
  const auto accepts = [](std::string_view text, bool to_head = false) {
    ResponseParser parser(to_head);
    const auto progress = parser.parse_head(as_bytes(text));
    return progress && progress->complete;
  };
  EXPECT_TRUE(accepts("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(accepts("HTTP/1.1 204 No Content\r\n\r\n"));
  EXPECT_TRUE(accepts("HTTP/1.1 200 OK\r\n\r\n", true));
  EXPECT_FALSE(accepts("HTTP/1.1 200 OK\r\n\r\n"));
  EXPECT_FALSE(accepts("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_FALSE(accepts("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"));
  EXPECT_FALSE(accepts("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_FALSE(accepts("SSH-2.0-x\r\n\r\n"));
}

}  // namespace
}  // namespace stratus::net
