#include "stratus/cli/server_connection.hpp"

#include <chrono>
#include <optional>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "stratus/base/file.hpp"
#include "stratus/base/json.hpp"
#include "stratus/cli/people.hpp"
#include "stratus/crypto/certificate.hpp"
#include "stratus/crypto/certificate_info.hpp"
#include "stratus/net/enrolment_client.hpp"
#include "stratus/net/http_client.hpp"

namespace stratus::cli {

namespace {

constexpr std::uint64_t kMaxToken = 4096;
constexpr int kMaxTries = 3;
constexpr std::chrono::milliseconds kRetryAfter{100};

Result<std::string> read_token(const std::filesystem::path& file) {
  if (file.empty()) return std::string();
  STRATUS_TRY(text, read_file(file, kMaxToken).with_context("token (--token-file or STRATUS_TOKEN_FILE)"));
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  text.erase(end == std::string::npos ? 0 : end + 1);
  if (text.empty() || text.find_first_of("\r\n") != std::string::npos) {
    return fail(ErrorCode::invalid, fmt::format("{} does not hold one token", file.string()));
  }
  return text;
}

// The words of a problem document (RFC 9457) or of a registry's error list.
std::string words_of(const std::string& body) {
  const auto parsed = parse_json(body, 64u << 10);
  const boost::json::object* const object = parsed ? parsed->if_object() : nullptr;
  if (object == nullptr) return {};
  const auto text = [](const boost::json::object& from, const char* key) {
    const boost::json::value* const found = from.if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string().c_str()) : std::string();
  };
  if (const auto detail = text(*object, "detail"); !detail.empty()) return detail;
  const boost::json::value* const errors = object->if_contains("errors");
  if (errors != nullptr && errors->is_array() && !errors->get_array().empty() &&
      errors->get_array()[0].is_object()) {
    const auto& first = errors->get_array()[0].get_object();
    const std::string detail = text(first, "detail");
    return text(first, "message") + (detail.empty() ? "" : ": " + detail);
  }
  return text(*object, "title");
}

// By what an untrusted certificate says of itself: good for advice.
bool shows_gateway(const std::string& base) {
  const auto shown = net::fetch_shown_certificate(base);
  if (!shown) return false;
  const auto info = crypto::parse_certificate(*shown);
  return info &&
         (info->kind == crypto::CertificateKind::gateway || info->common_name == crypto::kGatewayCommonName);
}

// What the transport says (the address among it), and what to do.
Error with_advice(const Error& error, const std::string& base) {
  struct Advice {
    const char* words;
    const char* advice;
  };
  static constexpr Advice kAdvice[] = {
      {"subject name", "the name must be in the server's certificate: its configuration's tls_names"},
      {"certificate problem", "--ca or STRATUS_CA names the server's tls/server.pem"},
      {"Could not resolve", "is the name in --server or STRATUS_SERVER right?"},
      {"Couldn't connect", "is stratus-server running there? --server or STRATUS_SERVER says where"}};
  if (error.text().find("certificate problem") != std::string::npos && shows_gateway(base)) {
    return {error.code(),
            fmt::format("{} is a gateway, which serves devices: give --server or STRATUS_SERVER "
                        "the server's own address ({})",
                        base, error.text())};
  }
  for (const Advice& one : kAdvice) {
    if (error.text().find(one.words) != std::string::npos)
      return {error.code(), fmt::format("{} ({})", error.text(), one.advice)};
  }
  if (error.code() != ErrorCode::unavailable || !base.starts_with("http://")) return error;
  return {error.code(), error.text() + " (does the server speak https?)"};
}

// Quotas answer 507, too; these are the operating system's and SQLite's words.
bool says_disk_is_full(int status, const std::string& words) {
  if (status != 507) return false;
  for (const char* const full : {"No space left on device", "Disk quota exceeded", "disk is full"}) {
    if (words.find(full) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

struct ServerConnection::Impl {
  boost::asio::io_context loop{1};
  std::unique_ptr<net::HttpClient> client;
  std::string base;
  std::string token;

  net::ClientRequest prepare(const Request& request) const {
    net::ClientRequest out;
    out.method = request.method;
    out.url = request.path.starts_with("/") ? base + request.path : request.path;
    out.headers = request.headers;
    // The token goes to the server that was named and nowhere else, whatever a Location says.
    if (!token.empty() && out.url.starts_with(base + "/"))
      out.headers.set("Authorization", "Bearer " + token);
    if (!request.content_type.empty()) out.headers.set("Content-Type", request.content_type);
    if (!request.accept.empty()) out.headers.set("Accept", request.accept);
    out.body = request.body;
    out.body_file = request.file;
    out.body_offset = request.offset;
    out.body_length = request.length;
    out.max_response = request.max_answer;
    return out;
  }

  // Runs the loop until this one transfer has its result.
  Result<net::ClientResponse> wait(net::Task<Result<net::ClientResponse>> task) {
    std::optional<Result<net::ClientResponse>> result;
    boost::asio::co_spawn(loop, std::move(task),
                          [&](std::exception_ptr problem, Result<net::ClientResponse> done) {
                            if (!problem) result = std::move(done);
                            loop.stop();
                          });
    loop.restart();
    loop.run();
    if (!result) return fail(ErrorCode::internal, "the transfer ended without a result");
    return std::move(*result);
  }
};

ServerConnection::ServerConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServerConnection::~ServerConnection() = default;

Result<std::unique_ptr<ServerConnection>> ServerConnection::open(const CommonOptions& common) {
  if (common.server.empty()) {
    return fail(ErrorCode::invalid, "which server? Say --server https://HOST:8443, or set STRATUS_SERVER");
  }
  if (!common.server.starts_with("https://") && !common.server.starts_with("http://")) {
    return fail(ErrorCode::invalid,
                fmt::format("--server {}: begins with neither https:// nor http://", common.server));
  }
  if (!common.ca_file.empty()) {
    STRATUS_CHECK(open_file(common.ca_file, O_RDONLY | O_CLOEXEC).with_context("--ca"));
  }
  auto impl = std::make_unique<Impl>();
  std::filesystem::path token_file = common.token_file;
  if (token_file.empty() && common.kept_token) {
    token_file = kept_token_file(common.server);
    std::error_code ignored;
    if (!token_file.empty() && !std::filesystem::exists(token_file, ignored)) token_file.clear();
  }
  STRATUS_TRY(token, read_token(token_file));
  impl->token = std::move(token);
  impl->base = common.server;
  while (impl->base.ends_with('/')) impl->base.pop_back();
  net::ClientOptions options;
  options.ca_file = common.ca_file;
  impl->client = net::HttpClient::make(impl->loop.get_executor(), options);
  return std::unique_ptr<ServerConnection>(new ServerConnection(std::move(impl)));
}

Result<Answer> ServerConnection::send(const Request& request) {
  // What may be said twice without harm is said again when the connection broke.
  const bool repeatable =
      request.repeatable || request.method == "GET" || request.method == "HEAD" || request.method == "PUT";
  for (int tries = 1;; ++tries) {
    auto response = impl_->wait(impl_->client->send(impl_->prepare(request)));
    if (response) return Answer{response->status, std::move(response->headers), std::move(response->body)};
    if (!repeatable || tries == kMaxTries || response.error().code() != ErrorCode::unavailable) {
      return fail(with_advice(response.error(), impl_->base));
    }
    std::this_thread::sleep_for(kRetryAfter * tries);
  }
}

Result<Answer> ServerConnection::expect_success(const Request& request) {
  STRATUS_TRY(answer, send(request));
  if (answer.status / 100 != 2) return fail(refusal(request, answer));
  return answer;
}

Result<void> ServerConnection::download(const std::string& path, const ByteSink& sink) {
  Request request;
  request.path = path;
  request.max_answer = 1ull << 60;
  STRATUS_TRY(response, impl_
                            ->wait(impl_->client->download(
                                impl_->prepare(request),
                                [](const net::ClientResponse&) { return Result<void>(); }, sink))
                            .with_context("GET " + path));
  if (response.status / 100 != 2)
    return fail(refusal(request, {response.status, response.headers, response.body}));
  return {};
}

Error refusal(const Request& request, const Answer& answer) {
  std::string words = words_of(answer.body);
  if (words.empty()) words = fmt::format("the server answered {}", answer.status);
  if (answer.status == 401) {
    words += " (`stratus login`, --token-file or STRATUS_TOKEN_FILE)";
  }
  if (answer.status == 404 && words.starts_with("no device ")) {
    words += " (`stratus devices` lists those that are known)";
  }
  if (says_disk_is_full(answer.status, words)) {
    words =
        "the server's disk is full: make room there (`stratus gc` removes what nothing needs), or give its "
        "--data a larger one; then try again. It said: " +
        words;
  }
  return Error(error_code_of_http_status(answer.status),
               fmt::format("{} {}: {}", request.method, request.path, words));
}

}  // namespace stratus::cli
