#include "stratus/net/platform/beast/request_parser.hpp"

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace stratus::net {

namespace http = boost::beast::http;

struct RequestParser::Impl {
  http::request_parser<http::buffer_body> parser;
  std::size_t head_bytes = 0;
  bool at_line_start = false;
  bool folded = false;
  bool in_chunks = false;  // the first chunk's head is parsed

  // A line that begins with a blank continues the one before (obsolete line folding); Beast accepts it, other
  // parsers see a field of its own.
  void look_for_folding(BytesView head) {
    for (const std::uint8_t byte : head) {
      folded = folded || (at_line_start && (byte == ' ' || byte == '\t'));
      at_line_start = byte == '\n';
    }
  }
};

namespace {

// "0 CRLF CRLF". Beast's parser ends the process when it is offered the last chunk's head, as the first of
// its body, in fewer bytes.
constexpr std::size_t kSmallestChunkedBody = 5;

struct Refusal {
  int status = 0;
  std::string_view reason;
};

bool digits_only(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// What Beast lets pass and a second parser might read differently.
Refusal check_framing(const http::request<http::buffer_body>& message) {
  if (message.version() != 10 && message.version() != 11) return {505, "HTTP/1.0 and 1.1 only"};
  int hosts = 0;
  int lengths = 0;
  int encodings = 0;
  for (const auto& field : message) {
    const std::string_view value(field.value().data(), field.value().size());
    if (field.name() == http::field::host) {
      ++hosts;
    } else if (field.name() == http::field::content_length) {
      ++lengths;
      if (!digits_only(value)) return {400, "Content-Length is not a number"};
    } else if (field.name() == http::field::transfer_encoding) {
      ++encodings;
      if (!same_name(value, "chunked")) return {400, "Transfer-Encoding other than chunked"};
    }
  }
  if (lengths > 1 || encodings > 1 || lengths + encodings > 1)
    return {400, "body length stated more than once"};
  if (encodings > 0 && message.version() == 10) return {400, "Transfer-Encoding in HTTP/1.0"};
  if (hosts > 1 || (hosts == 0 && message.version() == 11)) return {400, "exactly one Host field is needed"};
  return {};
}

// "http://host/path" is what a client sends to a proxy; we serve its path (RFC 9112 section 3.2.2).
bool normalise_target(std::string& target) {
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (target.size() > scheme.size() &&
        same_name(std::string_view(target).substr(0, scheme.size()), scheme)) {
      const std::size_t slash = target.find('/', scheme.size());
      target = slash == std::string::npos ? "/" : target.substr(slash);
    }
  }
  return !target.empty() && (target.front() == '/' || target == "*");
}

}  // namespace

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(kMaxHeadBytes);
  impl_->parser.body_limit(boost::none);  // bounded by whoever reads it
}
RequestParser::~RequestParser() = default;

RequestParser::HeadProgress RequestParser::parse_head(BytesView input) {
  HeadProgress progress;
  boost::system::error_code error;
  progress.consumed = impl_->parser.put(boost::asio::const_buffer(input.data(), input.size()), error);
  impl_->head_bytes += progress.consumed;
  impl_->look_for_folding(input.first(progress.consumed));
  const std::size_t seen =
      impl_->head_bytes + (impl_->parser.is_header_done() ? 0 : input.size() - progress.consumed);
  if (seen > kMaxHeadBytes || error == http::error::header_limit) {
    progress.refuse_status = 431;
    progress.reason = "request head is larger than 32 KiB";
  } else if (error && error != http::error::need_more) {
    progress.refuse_status = error == http::error::bad_version ? 505 : 400;
    progress.reason = error.message();
  } else if (impl_->folded) {
    progress.refuse_status = 400;
    progress.reason = "folded header line";
  } else if (impl_->parser.is_header_done()) {
    const Refusal refusal = check_framing(impl_->parser.get());
    progress.complete = refusal.status == 0;
    progress.refuse_status = refusal.status;
    progress.reason = refusal.reason;
  }
  return progress;
}

RequestHead RequestParser::take_head() {
  const auto& message = impl_->parser.get();
  RequestHead head;
  head.method = std::string(message.method_string());
  head.target = std::string(message.target());
  if (!normalise_target(head.target)) head.target.clear();
  head.path = head.target.substr(0, head.target.find('?'));
  for (const auto& field : message)
    head.headers.add(std::string(field.name_string()), std::string(field.value()));
  const auto length = impl_->parser.content_length();
  if (length) {
    head.content_length = *length;
  } else if (!impl_->parser.chunked()) {
    head.content_length = 0;
  }
  return head;
}

bool RequestParser::started() const { return impl_->head_bytes > 0; }
bool RequestParser::keep_alive() const { return impl_->parser.keep_alive(); }
bool RequestParser::http_1_0() const { return impl_->parser.get().version() == 10; }
bool RequestParser::chunked() const { return impl_->parser.chunked(); }
bool RequestParser::expects_continue() const {
  const auto value = impl_->parser.get()[http::field::expect];
  return !http_1_0() && same_name(std::string_view(value.data(), value.size()), "100-continue");
}

Result<RequestParser::BodyProgress> RequestParser::parse_chunked(BytesView input,
                                                                 std::span<std::uint8_t> into) {
  BodyProgress progress;
  auto& parser = impl_->parser;
  // put() stops after each element, and may consume nothing when a chunk header is incomplete.
  while (!parser.is_done() && progress.produced < into.size()) {
    auto& body = parser.get().body();
    body.data = into.data() + progress.produced;
    body.size = into.size() - progress.produced;
    body.more = true;
    const std::size_t room = body.size;
    const BytesView rest = input.subspan(progress.consumed);
    if (rest.size() < (impl_->in_chunks ? 1 : kSmallestChunkedBody)) break;
    boost::system::error_code error;
    const std::size_t consumed = parser.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    const std::size_t produced = room - body.size;
    progress.consumed += consumed;
    progress.produced += produced;
    impl_->in_chunks = impl_->in_chunks || consumed > 0;
    if (error && error != http::error::need_more && error != http::error::need_buffer)
      return fail(ErrorCode::invalid, "chunked request body: " + error.message());
    if (consumed == 0 && produced == 0) break;
  }
  progress.done = parser.is_done();
  return progress;
}

}  // namespace stratus::net
