#include "stratus/net/enrolment_client.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/file.hpp"
#include "stratus/base/json.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/crypto/signing_request.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/mqtt_enrolment.hpp"

namespace stratus::net {
namespace {

constexpr Millis kPatience{45'000};
constexpr int kTries = 3;
constexpr Millis kPause{500};
constexpr std::uint64_t kMaxTrust = 256u << 10;

// A member of the other side's problem; "" when it has none.
std::string problem_text(const ClientResponse& response, std::string_view key) {
  const auto value = parse_json(response.body, 64u << 10);
  return value && value->is_object() ? ObjectReader(*value, "").optional_text(key, 4096) : "";
}

// What the other side's problem says, for people.
Error error_of(const std::string& what, const ClientResponse& response) {
  std::string detail = problem_text(response, "detail");
  if (detail.empty()) detail = fmt::format("answered {}", response.status);
  return Error(error_code_of_http_status(response.status), what + ": " + detail);
}

// Whether the answer may only have got lost on its way, here or between a gateway and the server.
bool may_be_lost(const Result<ClientResponse>& response) {
  if (response) {
    return response->status >= 502 && response->status <= 504 &&
           problem_text(*response, "code") != "throttled";
  }
  const ErrorCode code = response.error().code();
  return code == ErrorCode::unavailable || code == ErrorCode::timeout;
}

// Asking again is harmless: the same request gets the same answer.
Task<Result<wire::EnrolAnswer>> post(HttpClient& client, std::string url, std::string body,
                                     std::string signature, int tries) {
  ClientRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers.set("Content-Type", "application/json");
  if (!signature.empty()) request.headers.set(std::string(crypto::kSignatureHeader), std::move(signature));
  request.body = std::move(body);
  request.max_response = wire::EnrolAnswer::kMaxEncoded;
  request.total_timeout = std::chrono::seconds(30);
  const std::string where = request.url;
  auto response = co_await client.send(request);
  for (int tried = 1; tried < tries && may_be_lost(response); ++tried) {
    const Millis pause = kPause * tried;
    co_await sleep_for(pause);
    response = co_await client.send(request);
  }
  if (!response) co_return forward_error(std::move(response));
  if (response->status < 200 || response->status > 299) co_return fail(error_of(where, *response));
  auto answer = wire::parse_enrol_answer(response->body);
  co_return std::move(answer).with_context(where);
}

}  // namespace

namespace {

Task<Result<wire::EnrolAnswer>> ask(Executor executor, EnrolOptions options, std::filesystem::path ca_file,
                                    std::string body) {
  if (options.mqtt.empty()) {
    ClientOptions client_options;
    client_options.ca_file = std::move(ca_file);
    const auto client = HttpClient::make(executor, client_options);
    const std::string url = options.server + "/api/v1/enrol";
    co_return co_await post(*client, url, std::move(body), "", kTries);
  }
  auto endpoint = parse_mqtt_endpoint(options.mqtt);
  if (!endpoint) co_return forward_error(std::move(endpoint));
  auto reply = co_await ask_to_enrol(executor, *endpoint, std::move(ca_file), std::move(body), kPatience);
  if (!reply) co_return forward_error(std::move(reply));
  auto answer = wire::parse_enrol_reply(*reply);
  co_return std::move(answer).with_context(options.mqtt);
}

}  // namespace

Task<Result<OwnIdentity>> enrol(Executor executor, IdentityFiles files, EnrolOptions options) {
  auto existing = files.load();
  if (!existing) co_return forward_error(std::move(existing));
  if (*existing) {
    co_return fail(ErrorCode::conflict,
                   fmt::format("this is {} already ({}); remove that directory to enrol it anew",
                               (*existing)->device, files.directory().string()));
  }
  STRATUS_CO_CHECK(make_directories(files.directory()));
  std::string trust;
  std::filesystem::path ca_file = options.ca_file;
  if (!options.ca_fingerprint.empty()) {
    auto pinned = fetch_pinned_certificate(options.mqtt.empty() ? options.server : options.mqtt,
                                           options.ca_fingerprint);
    if (!pinned) co_return forward_error(std::move(pinned));
    ca_file = files.directory() / "pinned.pem";
    STRATUS_CO_CHECK(write_file_atomically(ca_file, *pinned, 0644));
  }
  if (!ca_file.empty()) {
    auto text = read_file(ca_file, kMaxTrust);
    if (!text) co_return forward_error(std::move(text));
    trust = std::move(*text);
  }
  auto key = files.next_key();
  if (!key) co_return forward_error(std::move(key));
  auto csr = crypto::make_signing_request(*key, options.device);
  if (!csr) co_return forward_error(std::move(csr));
  const wire::EnrolRequest request{options.code, *csr, options.device};
  const std::string body = wire::encode_enrol_request(request);
  auto answer = co_await ask(executor, options, ca_file, body);
  if (!answer) co_return forward_error(std::move(answer));
  co_return files.accept(*answer, options.server, trust);
}

Result<Renewal> begin_renewal(const IdentityFiles& files) {
  STRATUS_TRY(own, files.load());
  if (!own) return fail(ErrorCode::not_found, "there is no certificate to renew");
  STRATUS_TRY(key, files.next_key());
  STRATUS_TRY(csr, crypto::make_signing_request(key, own->device));
  return Renewal{std::move(*own), std::move(csr)};
}

Result<OwnIdentity> finish_renewal(const IdentityFiles& files, const Renewal& renewal,
                                   const wire::EnrolAnswer& answer) {
  const OwnIdentity& own = renewal.own;
  if (answer.device != own.device)
    return fail(ErrorCode::corrupt, "the server renewed the certificate of " + answer.device);
  return files.accept_renewal(answer, own);
}

Task<Result<OwnIdentity>> renew(Executor executor, IdentityFiles files, std::string server,
                                std::filesystem::path ca_file) {
  auto renewal = begin_renewal(files);
  if (!renewal) co_return forward_error(std::move(renewal));
  const OwnIdentity& own = renewal->own;
  ClientOptions client_options;
  client_options.ca_file = ca_file;
  client_options.certificate = client_options.key = own.file;
  const auto client = HttpClient::make(executor, client_options);
  const std::string body = wire::encode_renew_request({renewal->csr});
  const std::string url = server + "/api/v1/certificates/renew";
  // For the case that a gateway is between: its session is not ours.
  const auto now = unix_ms();
  auto signature = crypto::sign_message(own.key, {own.device, "renew", now}, body);
  if (!signature) co_return forward_error(std::move(signature));
  auto answer = co_await post(*client, url, body, *signature, 1);
  if (!answer) co_return forward_error(std::move(answer));
  co_return finish_renewal(files, *renewal, *answer);
}

}  // namespace stratus::net
