#include "stratus/server/identity.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/base/random.hpp"
#include "stratus/base/result.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/server/milliseconds.hpp"

namespace stratus::server {
namespace {

constexpr std::size_t kMaxCachedKeys = 20'000;  // devices

}  // namespace

Result<Identity::Parts> Identity::open(const std::filesystem::path& directory, WallTime now) {
  STRATUS_TRY(authority, crypto::CertificateAuthority::open_or_make(directory, {.now = now}));
  const auto file = directory / "code.key";
  if (::access(file.c_str(), F_OK) != 0) {
    STRATUS_CHECK(write_file_atomically(file, random_hex(32), 0600));
  }
  STRATUS_TRY(key, read_file(file, 1024));
  if (key.size() < 32) return fail(ErrorCode::corrupt, file.string() + " is too short to be a key");
  return Parts{std::move(authority), std::move(key), directory};
}

Identity::Identity(net::Executor loop, Parts parts, const IdentityConfig& config, db::Database& database,
                   net::WorkerPool& pool)
    : authority_(std::move(parts.authority)),
      code_key_(std::move(parts.code_key)),
      directory_(std::move(parts.directory)),
      config_(config),
      database_(database),
      pool_(pool),
      background_(loop) {}

Result<void> Identity::load() {
  const std::int64_t now = to_ms(system_clock().wall());
  STRATUS_TRY(ended, db::ended_certificates(database_, 0, alive_ms()));
  STRATUS_TRY(revoked, db::revoked_devices(database_));
  STRATUS_TRY(enrolled, db::enrolled_devices(database_, alive_ms()));
  STRATUS_TRY(gateways, db::gateways_since(database_, 0, alive_ms()));
  gateways_.insert(gateways.begin(), gateways.end());
  for (const db::Certificate& certificate : ended) ended_[certificate.serial] = certificate.not_after_ms;
  for (const db::RevokedDevice& device : revoked) revoked_.insert(device.device);
  enrolled_.insert(enrolled.begin(), enrolled.end());
  synced_ms_ = now;
  // A broker is started with a list that is new; where none can be made the one that is there goes on.
  auto list = make_list(system_clock().wall());
  list_stale_ = !list;
  if (!list) list_problem_ = list.error().text();
  if (!list) list = read_file(directory_ / "crl.pem", 64u << 20);
  if (list) {
    if (const auto times = crypto::read_revocation_list_times(*list)) {
      list_ = std::move(*list);
      list_times_ = *times;
    }
  }
  if (config_.mode == IdentityMode::optional) {
    log::warning("identity",
                 "devices that are not enrolled are served without a certificate; "
                 "set identity = \"required\" once all are enrolled");
  }
  return {};
}

std::string Identity::client_ca() const { return authority_.root_pem() + authority_.intermediate_pem(); }

bool Identity::admits(const crypto::CertificateInfo& certificate) const {
  return !ended_.contains(certificate.serial) && !revoked_.contains(certificate.common_name);
}

Result<std::optional<PeerIdentity>> Identity::identify(const net::RequestHead& request) const {
  if (request.peer_certificate == nullptr) return std::optional<PeerIdentity>();
  const crypto::CertificateInfo& certificate = *request.peer_certificate;
  if (!admits(certificate)) {
    return fail(ErrorCode::denied, "the certificate of " + certificate.common_name + " was revoked",
                "certificate_revoked");
  }
  const bool expired = certificate.not_after <= system_clock().wall();
  return PeerIdentity{certificate.common_name, certificate.kind, certificate.serial, expired};
}

// `others`: whether somebody without a certificate may speak for an enrolled device, because the message
// proves itself. Codes, not only reasons, matter here: a gateway keeps what got 401 or 403 and drops what got
// 409 or 422.
Result<void> Identity::check_peer(const net::RequestHead& request, std::string_view device,
                                  bool others) const {
  STRATUS_TRY(peer, identify(request));
  if (is_revoked(device))
    return fail(ErrorCode::conflict, fmt::format("{} was shut out", device), "device_revoked");
  if (!peer) {
    if (config_.mode == IdentityMode::optional && (others || !is_enrolled(device))) return {};
    return fail(ErrorCode::denied, "this needs the device's certificate: enrol it (stratus-agent enrol)",
                "certificate_required");
  }
  if (peer->expired) {
    return fail(ErrorCode::denied,
                "the certificate of " + peer->id + " has expired: it may only renew itself",
                "certificate_expired");
  }
  if (peer->id == device || peer->kind == crypto::CertificateKind::gateway) return {};
  return fail(ErrorCode::denied, fmt::format("{} cannot speak for {}", peer->id, device), "other_device");
}

Result<void> Identity::check_speaks_for(const net::RequestHead& request, std::string_view device) const {
  return check_peer(request, device, false);
}

bool Identity::is_own_word(const net::RequestHead& request, std::string_view device) const {
  const auto& certificate = request.peer_certificate;
  return !is_enrolled(device) || (certificate != nullptr && certificate->common_name == device);
}

Result<void> Identity::check_carries(const net::RequestHead& request, std::string_view device) const {
  return check_peer(request, device, true);
}

Result<void> Identity::check_fetches(const net::RequestHead& request) const {
  STRATUS_TRY(peer, identify(request));
  if (!peer) {
    if (config_.mode == IdentityMode::optional) return {};
    return fail(ErrorCode::denied, "this needs a device's certificate", "certificate_required");
  }
  if (!peer->expired) return {};
  return fail(ErrorCode::denied, "the certificate of " + peer->id + " has expired: it may only renew itself",
              "certificate_expired");
}

Result<void> Identity::check_grace(const crypto::CertificateInfo& certificate) const {
  if (system_clock().wall() < certificate.not_after + config_.grace) return {};
  return fail(ErrorCode::denied, "the certificate expired too long ago to be renewed: enrol with a new code",
              "grace_over");
}

bool Identity::is_enrolled(std::string_view device) const { return enrolled_.contains(std::string(device)); }
bool Identity::is_revoked(std::string_view device) const { return revoked_.contains(std::string(device)); }

net::Task<Result<void>> Identity::write(db::Database::Work work) {
  Result<void> result;
  std::function<void(std::function<void()>)> begin = [&](std::function<void()> done) {
    database_.write(work, [&result, done](Result<void> written) {
      result = std::move(written);
      done();
    });
  };
  co_await net::await_callback(begin);
  co_return result;
}

net::Task<Result<std::vector<Identity::DeviceKey>>> Identity::keys_of(std::string device, bool to_renew) {
  const auto cached = keys_.find(device);
  if (!to_renew && cached != keys_.end()) co_return cached->second;
  auto read = [&]() -> Result<std::vector<DeviceKey>> {
    STRATUS_TRY(certificates, db::certificates_of(database_, device, 16));
    std::vector<DeviceKey> keys;
    for (const db::Certificate& certificate : certificates) {
      if (certificate.state == "revoked") continue;  // superseded: what it signed before may come late
      const bool good = certificate.state == "active" && certificate.not_after_ms > alive_ms();
      if (to_renew && !good) continue;
      STRATUS_TRY(key, crypto::PublicKey::from_der(certificate.public_key));
      keys.push_back({certificate.key_id.substr(0, 16), std::move(key)});
    }
    return keys;
  };
  auto keys = co_await pool_.run(read);
  if (keys && !to_renew) {
    if (keys_.size() >= kMaxCachedKeys) keys_.clear();
    keys_[device] = *keys;
  }
  co_return keys;
}

net::Task<Result<void>> Identity::check_message(std::string device, std::string kind, std::uint64_t counter,
                                                std::string body, std::string signature, bool own_session) {
  if (is_revoked(device)) co_return fail(ErrorCode::conflict, device + " was shut out", "device_revoked");
  if (!is_enrolled(device)) co_return Result<void>();
  if (signature.empty()) {
    if (own_session) co_return Result<void>();
    co_return fail(ErrorCode::corrupt,
                   "a message of " + device + " that passed through others must be signed by it",
                   "signature_required");
  }
  const auto parsed = crypto::parse_message_signature(signature);
  if (!parsed) co_return fail(parsed.error().code(), parsed.error().text(), "signature_wrong");
  if (parsed->counter != counter) {
    co_return fail(ErrorCode::corrupt, "the signature's counter is not the message's", "signature_wrong");
  }
  const bool to_renew = kind == "renew";
  auto keys = co_await keys_of(device, to_renew);
  if (!keys) co_return forward_error(std::move(keys));
  const crypto::MessageContext context{device, kind, counter};
  for (const DeviceKey& candidate : *keys) {
    if (candidate.key_id != parsed->key_id) continue;
    if (crypto::verify_message(candidate.key, context, body, parsed->signature)) co_return Result<void>();
  }
  co_return fail(ErrorCode::corrupt, "the message was not signed by " + device, "signature_wrong");
}

std::vector<std::string> Identity::warnings() const {
  std::vector<std::string> out;
  const WallTime now = system_clock().wall();
  if (config_.mode == IdentityMode::optional) {
    out.emplace_back("identity: optional, devices that are not enrolled are served without a certificate");
  }
  if (list_times_) {
    const auto age = crypto::judge_revocation_list(list_times_->this_update, list_times_->next_update, now);
    if (age.expired) {
      out.push_back("identity: the revocation list has expired, brokers refuse every device; " +
                    list_problem_);
    } else if (age.alarm) {
      out.push_back(fmt::format(
          "identity: the revocation list is overdue, brokers will refuse every device from {}; {}",
          format_time(list_times_->next_update), list_problem_));
    }
  } else if (!list_problem_.empty()) {
    out.push_back("identity: there is no revocation list; " + list_problem_);
  }
  if (authority_.intermediate().not_after < now + config_.certificate_lifetime + config_.renew_before) {
    out.push_back(fmt::format("identity: the intermediate CA ends on {}: bring ca/root.key back and restart",
                              format_time(authority_.intermediate().not_after)));
  }
  if (!sync_problem_.empty())
    out.push_back("identity: revocations of other servers are not seen: " + sync_problem_);
  return out;
}

}  // namespace stratus::server
