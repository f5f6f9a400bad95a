#include "stratus/server/console.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "stratus/base/random.hpp"
#include "stratus/base/result.hpp"
#include "stratus/server/call.hpp"

namespace stratus::server {
namespace {

// Not Strict-Transport-Security: a server with a certificate of its own would shut out who has not yet
// trusted it.
void set_common_headers(net::Headers& headers) {
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
}

// Scripts and styles only from here, or with this answer's nonce; nobody may frame the console. Images and
// video may also be made in the page (previews of what is about to be sent).
std::string content_policy(const std::string& nonce) {
  return fmt::format(
      "default-src 'none'; script-src 'self' 'nonce-{0}'; style-src 'self' 'nonce-{0}'; "
      "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; "
      "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      nonce);
}

std::string make_nonce() {
  std::array<std::uint8_t, 18> bytes{};
  fill_random(bytes);
  return to_base64(bytes);
}

bool accepts_pages(const net::RequestHead& request) {
  return request.headers.get("Accept").value_or("").find("text/html") != std::string_view::npos;
}

}  // namespace

bool Console::takes(std::string_view path) {
  constexpr std::array<std::string_view, 4> kInterfaces{"/api", "/v2", "/metrics", "/healthz"};
  return std::none_of(kInterfaces.begin(), kInterfaces.end(), [&](std::string_view interface) {
    return path.starts_with(interface) && (path.size() == interface.size() || path[interface.size()] == '/');
  });
}

const ConsoleFile* Console::find(std::string_view path) const {
  const auto found =
      std::find_if(files_.begin(), files_.end(), [&](const ConsoleFile& file) { return file.path == path; });
  return found == files_.end() ? nullptr : &*found;
}

net::Task<void> Console::handle(net::Exchange& exchange) const {
  auto answered = co_await answer(exchange);
  if (answered) co_return;
  const Error error = answered.error();
  (void)co_await net::respond_problem(exchange, error);
}

net::Task<Result<void>> Console::answer(net::Exchange& exchange) const {
  const net::RequestHead& request = exchange.request();
  if (request.method != "GET" && request.method != "HEAD")
    co_return fail(ErrorCode::not_found, "no such endpoint: " + request.path);
  const bool is_index = request.path == "/" || request.path == "/index.html";
  const ConsoleFile* const file = is_index ? nullptr : find(request.path);
  if (file == nullptr) {
    // Programs that ask for what there is not are told so; a part of an older console must not become HTML.
    const bool is_address = !request.path.starts_with("/assets/") && accepts_pages(request);
    if (!is_index && !is_address) co_return fail(ErrorCode::not_found, "no such endpoint: " + request.path);
    co_return co_await answer_index(exchange);
  }

  net::ResponseHead head;
  set_common_headers(head.headers);
  head.headers.set("Content-Type", std::string(file->type));
  // The names of assets hold a hash of their bytes.
  head.headers.set("Cache-Control",
                   file->path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
  head.headers.set("Vary", "Accept-Encoding");
  head.headers.set("ETag", fmt::format("\"{}\"", file->tag));
  if (etag_list_contains(request.headers.get("If-None-Match").value_or(""), file->tag)) {
    head.status = 304;
    co_return co_await exchange.respond(head, "");
  }
  const std::string_view accepted = request.headers.get("Accept-Encoding").value_or("");
  std::string_view body = file->plain;
  if (!file->brotli.empty() && net::list_contains(accepted, "br")) {
    head.headers.set("Content-Encoding", "br");
    body = file->brotli;
  } else if (!file->gzip.empty() && net::list_contains(accepted, "gzip")) {
    head.headers.set("Content-Encoding", "gzip");
    body = file->gzip;
  }
  const std::string bytes(body);
  co_return co_await exchange.respond(head, bytes);
}

net::Task<Result<void>> Console::answer_index(net::Exchange& exchange) const {
  const ConsoleFile* const file = find("/index.html");
  if (file == nullptr) co_return fail(ErrorCode::not_found, "this server was built without its console");
  const std::string nonce = make_nonce();
  std::string page(file->plain);
  for (std::size_t at = page.find(kNonceMark); at != std::string::npos;
       at = page.find(kNonceMark, at + nonce.size()))
    page.replace(at, kNonceMark.size(), nonce);
  net::ResponseHead head;
  set_common_headers(head.headers);
  head.headers.set("Content-Type", "text/html; charset=utf-8");
  head.headers.set("Cache-Control", "no-store");
  head.headers.set("Content-Security-Policy", content_policy(nonce));
  head.headers.set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()");
  co_return co_await exchange.respond(head, page);
}

}  // namespace stratus::server
