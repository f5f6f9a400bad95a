#include "stratus/gateway/revocations.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/gateway/chance.hpp"
#include "stratus/net/identity_files.hpp"

namespace stratus::gateway {
namespace {

constexpr Millis kAskFirst{1'000};  // until there was one answer

std::string etag_of(std::string_view body) { return sha256(body).hex().substr(0, 32); }

}  // namespace

Result<std::unique_ptr<Revocations>> Revocations::open(const std::filesystem::path& directory,
                                                       Upstream& upstream, Millis every) {
  const net::IdentityFiles files(directory);
  STRATUS_TRY(own, files.load());
  if (!own) return fail(ErrorCode::not_found, directory.string() + " holds no identity");
  STRATUS_TRY(pem, read_file(own->file, 1u << 20));
  STRATUS_TRY(trust, read_file(own->trust, 1u << 20));
  const auto chain = crypto::split_certificates(pem), roots = crypto::split_certificates(trust);
  if (chain.size() < 2 || roots.empty())
    return fail(ErrorCode::corrupt, directory.string() + " lacks the certificates above this gateway's own");
  // The first root is the authority's; what follows was given for the server's TLS certificate only.
  STRATUS_CHECK(crypto::check_chain(chain[0], chain[1], roots[0]));
  std::unique_ptr<Revocations> made(
      new Revocations(directory / "revocations.json", roots[0] + chain[1], chain[1], upstream, every));
  if (::access(made->file_.c_str(), R_OK) != 0) return made;
  const auto text = read_file(made->file_, wire::Revocations::kMaxEncoded);
  const auto taken = text ? made->take(*text, Origin::disk) : Result<void>(fail(text.error()));
  if (!taken) log::warning("gateway", "{}: {}", made->file_.string(), taken.error().text());
  return made;
}

net::Task<void> Revocations::watch() {
  for (;;) {
    auto asked = co_await ask();
    const std::string problem = asked ? "" : asked.error().text();
    if (!problem.empty() && problem_.empty())
      log::warning("gateway", "cannot learn of revocations, going on with those known: {}", problem);
    problem_ = problem;
    const Millis every = known_ ? every_ : std::min(every_, kAskFirst);
    const Millis pause(
        static_cast<std::int64_t>(static_cast<double>(every.count()) * (0.8 + 0.4 * chance())));
    co_await net::sleep_for(pause);
  }
}

net::Task<Result<void>> Revocations::ask() {
  const Result<void> kept = keep();
  net::Headers headers;
  if (!etag_.empty()) headers.set("If-None-Match", "\"" + etag_ + "\"");
  const std::string target = "/api/v1/ca/revocations";
  auto answer = co_await upstream_.ask("GET", target, std::move(headers));
  if (!answer) co_return forward_error(std::move(answer));
  if (answer->status == 304) co_return kept;
  if (answer->status != 200) {
    co_return fail(error_code_of_http_status(answer->status),
                   fmt::format("the upstream answered {}", answer->status));
  }
  co_return take(answer->body, Origin::upstream);
}

Result<void> Revocations::take(std::string_view text, Origin origin) {
  STRATUS_TRY(parsed, wire::parse_revocations(text));
  STRATUS_TRY(serials, crypto::read_revocation_list(parsed.list, issuer_));
  STRATUS_TRY(times, crypto::read_revocation_list_times(parsed.list));
  // An older list would let somebody in again. One with fewer names is right: they were enrolled anew.
  if (times_ && times.this_update < times_->this_update)
    return fail(ErrorCode::corrupt, "the revocation list is older than the one that is known");
  // First the disk: who was seen turned away stays so over a power cut. A full disk lets nobody in.
  if (origin == Origin::upstream) unkept_ = text;
  const Result<void> kept = keep();
  std::vector<std::string> fresh;
  for (const std::string& device : parsed.devices) {
    if (!devices_.contains(device)) fresh.push_back(device);
  }
  devices_ = {parsed.devices.begin(), parsed.devices.end()};
  serials_ = {serials.begin(), serials.end()};
  times_ = times;
  etag_ = etag_of(text);
  if (known_ && parsed.required != current_.required)
    log::warning("gateway", "devices {} a certificate from now on",
                 parsed.required ? "need" : "need not show");
  current_ = std::move(parsed);
  known_ = true;
  for (const std::string& device : fresh) log::info("gateway", "{} is shut out", device);
  for (const Hook& hook : hooks_) hook(fresh);
  return kept;
}

Result<void> Revocations::keep() {
  if (unkept_.empty()) return {};
  STRATUS_CHECK(write_file_atomically(file_, unkept_, 0600));
  unkept_.clear();
  return {};
}

bool Revocations::admits(const crypto::CertificateInfo& certificate) const {
  return !serials_.contains(certificate.serial) && !devices_.contains(certificate.common_name);
}

Result<void> Revocations::check(const net::RequestHead& request, std::string_view device) const {
  const auto& certificate = request.peer_certificate;
  if (certificate == nullptr) {
    if (!current_.required) return {};
    return fail(ErrorCode::denied, "this needs the device's certificate: enrol it (stratus-agent enrol)",
                "certificate_required");
  }
  if (!admits(*certificate)) {
    return fail(ErrorCode::denied, "the certificate of " + certificate->common_name + " was revoked",
                "certificate_revoked");
  }
  if (certificate->not_after <= system_clock().wall()) {
    return fail(ErrorCode::denied,
                "the certificate of " + certificate->common_name + " has expired: it may only renew itself",
                "certificate_expired");
  }
  const bool own = device.empty() || certificate->common_name == device;
  if (own || certificate->kind == crypto::CertificateKind::gateway) return {};
  return fail(ErrorCode::denied, fmt::format("{} cannot speak for {}", certificate->common_name, device),
              "other_device");
}

}  // namespace stratus::gateway
