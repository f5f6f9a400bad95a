#include "stratus/net/platform/beast/response_parser.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace stratus::net {

namespace http = boost::beast::http;

namespace {
constexpr std::uint32_t kMaxHead = 32 * 1024;
}

struct ResponseParser::Impl {
  http::response_parser<http::empty_body> parser;
  std::uint64_t length = 0;
  bool to_head = false;
};

ResponseParser::ResponseParser(bool to_head) : impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(kMaxHead);
  impl_->parser.body_limit(boost::none);  // bounded by whoever reads it
  impl_->parser.skip(true);               // the body is not the parser's
  impl_->to_head = to_head;
}
ResponseParser::~ResponseParser() = default;

Result<ResponseParser::HeadProgress> ResponseParser::parse_head(BytesView input) {
  HeadProgress progress;
  boost::system::error_code error;
  progress.consumed = impl_->parser.put(boost::asio::const_buffer(input.data(), input.size()), error);
  if (error == http::error::need_more) error = {};
  if (error) return fail(ErrorCode::invalid, "the answer is no HTTP: " + error.message());
  if (!impl_->parser.is_header_done()) {
    if (input.size() - progress.consumed > kMaxHead)
      return fail(ErrorCode::invalid, "the answer's head is larger than 32 KiB");
    return progress;
  }
  const auto& message = impl_->parser.get();
  const int status = message.result_int();
  if (status < 200) return fail(ErrorCode::invalid, "an interim answer that nobody asked for");
  const bool bodyless = impl_->to_head || status == 204 || status == 304;
  if (!bodyless) {
    if (message.count(http::field::transfer_encoding) > 0 || message.count(http::field::content_length) != 1)
      return fail(ErrorCode::invalid, "an answer whose length is not stated once");
    const auto length = impl_->parser.content_length();
    if (!length) return fail(ErrorCode::invalid, "an answer without a length");
    impl_->length = *length;
  }
  progress.complete = true;
  return progress;
}

ResponseHead ResponseParser::take_head() {
  const auto& message = impl_->parser.get();
  ResponseHead head;
  head.status = message.result_int();
  for (const auto& field : message)
    head.headers.add(std::string(field.name_string()), std::string(field.value()));
  return head;
}

std::uint64_t ResponseParser::content_length() const { return impl_->length; }
bool ResponseParser::keep_alive() const { return impl_->parser.keep_alive(); }

}  // namespace stratus::net
