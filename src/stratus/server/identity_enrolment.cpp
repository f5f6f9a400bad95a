// Registration codes, enrolment and renewal.
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/base/random.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/ulid.hpp"
#include "stratus/crypto/certificate_info.hpp"
#include "stratus/crypto/hmac.hpp"
#include "stratus/server/audit_log.hpp"
#include "stratus/server/identity.hpp"
#include "stratus/server/milliseconds.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::server {
namespace {

constexpr std::size_t kMaxCodes = 1000;          // in one call
constexpr std::size_t kMaxEnrolling = 32;        // at once: bounds how many guesses slip past the brake
constexpr std::uint64_t kRoomPerCode = 100'000;  // so rarely does a guess hit
constexpr unsigned kMostDigits = 12;
constexpr std::size_t kMaxNames = 16;

// Six digits, as people like to type. A guess has one length, so each length has room for its own: ten codes
// of six digits, a hundred of seven; a thousand labels for a warehouse do not make the next code longer. In
// the transaction that adds them, or all who ask at once are given the same room.
Result<unsigned> choose_digits(db::Transaction& transaction, std::int64_t now, std::uint64_t wanted) {
  STRATUS_CHECK(lock_audit(transaction));
  unsigned digits = 6;
  for (std::uint64_t room = 1'000'000 / kRoomPerCode; digits < kMostDigits; ++digits, room *= 10) {
    STRATUS_TRY(open, db::count_open_codes(transaction, now, digits));
    if (static_cast<std::uint64_t>(open) + wanted <= room) break;
  }
  return digits;
}

std::string random_code(unsigned digits) {
  std::uint64_t number = 0;
  fill_random({reinterpret_cast<std::uint8_t*>(&number), sizeof number});
  std::uint64_t room = 1;
  for (unsigned i = 0; i < digits; ++i) room *= 10;
  return fmt::format("{:0{}}", number % room, digits);
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

Result<std::string> join_names(const std::vector<std::string>& names) {
  std::string out;
  if (names.size() > kMaxNames) return fail(ErrorCode::invalid, fmt::format("more than {} names", kMaxNames));
  for (const std::string& name : names) {
    const bool plain =
        !name.empty() && name.size() <= 253 &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:") ==
            std::string::npos;
    if (!plain) return fail(ErrorCode::invalid, "'" + name + "' is neither a DNS name nor an IP address");
    out += (out.empty() ? "" : " ") + name;
  }
  return out;
}

Result<void> check_wish(const CodeWish& wish) {
  if (wish.count < 1 || wish.count > kMaxCodes) {
    return fail(ErrorCode::invalid, fmt::format("count: 1 to {}", kMaxCodes));
  }
  if (wish.lifetime < std::chrono::seconds(1) || wish.lifetime > std::chrono::hours(24 * 7)) {
    return fail(ErrorCode::invalid, "a code lives for 1 second to 7 days");
  }
  if (wish.kind != "device" && wish.kind != "gateway") {
    return fail(ErrorCode::invalid, "kind: device or gateway");
  }
  if (!wish.device.empty() && (!wire::is_device_id(wish.device) || wish.count != 1)) {
    return fail(ErrorCode::invalid, "device: one device id, for one code");
  }
  if (!wish.names.empty() && wish.kind != "gateway") {
    return fail(ErrorCode::invalid, "names: only for gateways, which are servers to their devices");
  }
  return {};
}

Result<void> record(db::Transaction& transaction, const std::string& actor, const char* action,
                    std::string object) {
  wire::AuditEntry entry;
  entry.actor = actor;
  entry.action = action;
  entry.object = std::move(object);
  entry.detail = "{}";
  return append_audit(transaction, std::move(entry));
}

}  // namespace

std::string Identity::hash_of(std::string_view code) const {
  return crypto::hmac_sha256_hex(code_key_, code);
}

net::Task<Result<std::vector<NewCode>>> Identity::make_codes(CodeWish wish) {
  STRATUS_CO_CHECK(check_wish(wish));
  auto names = join_names(wish.names);
  if (!names) co_return forward_error(std::move(names));
  const std::int64_t now = to_ms(system_clock().wall());
  for (int attempt = 0;; ++attempt) {
    const auto made = std::make_shared<std::vector<NewCode>>();
    db::Database::Work work = [this, made, wish, names = *names,
                               now](db::Transaction& transaction) -> Result<void> {
      STRATUS_CHECK(db::check_places(transaction, wish.region, wish.group));
      STRATUS_CHECK(db::forget_codes(transaction, now - to_ms(std::chrono::hours(24 * 7))));
      STRATUS_TRY(digits, choose_digits(transaction, now, wish.count));
      for (std::size_t i = 0; i < wish.count; ++i) {
        const NewCode code{random_code(digits), new_ulid(), now + to_ms(wish.lifetime)};
        db::RegistrationCode row;
        row.id = code.id;
        row.hash = hash_of(code.code);
        row.kind = wish.kind;
        row.region = wish.region;
        row.group = wish.group;
        row.device = wish.device;
        row.names = names;
        row.created_ms = now;
        row.created_by = wish.by;
        row.expires_ms = code.expires_ms;
        row.digits = digits;
        STRATUS_CHECK(db::add_code(transaction, row));
        STRATUS_CHECK(
            record(transaction, wish.by, "registration_code.create", "registration_code:" + row.id));
        made->push_back(code);
      }
      return {};
    };
    auto written = co_await write(work);
    if (written) {
      for (const NewCode& code : *made)
        tell_recorded("registration_code.create", "registration_code:" + code.id);
      co_return std::move(*made);
    }
    if (written.error().code() != ErrorCode::conflict || attempt == 8)
      co_return forward_error(std::move(written));
  }
}

net::Task<Result<std::vector<db::RegistrationCode>>> Identity::list_codes(bool only_open,
                                                                          std::int64_t limit) {
  const std::int64_t now = to_ms(system_clock().wall());
  auto list = [&] { return db::codes(database_, only_open, now, limit); };
  co_return co_await pool_.run(list);
}

net::Task<Result<void>> Identity::withdraw_code(std::string id, std::string by) {
  const std::int64_t now = to_ms(system_clock().wall());
  db::Database::Work work = [id, by, now](db::Transaction& transaction) -> Result<void> {
    STRATUS_CHECK(db::withdraw_code(transaction, id, now));
    return record(transaction, by, "registration_code.withdraw", "registration_code:" + id);
  };
  auto written = co_await write(work);
  if (written) tell_recorded("registration_code.withdraw", "registration_code:" + id);
  co_return written;
}

void Identity::tell_recorded(const std::string& action, const std::string& object) const {
  for (const auto& hook : recorded_hooks_) hook(action, object);
}

// In a transaction: makes the certificate and notes it.
Result<wire::EnrolAnswer> Identity::certify(db::Transaction& transaction, const crypto::PublicKey& key,
                                            const crypto::CertificateProfile& profile) const {
  STRATUS_TRY(issued, authority_.issue(key, profile));
  db::Certificate row;
  row.serial = issued.info.serial;
  row.device = profile.common_name;
  row.kind = crypto::name_of(profile.kind);
  row.fingerprint = issued.info.fingerprint;
  row.key_id = issued.info.key_id;
  row.public_key = key.der();
  STRATUS_TRY(names, join_names(profile.names));
  row.names = std::move(names);
  row.not_before_ms = to_ms(issued.info.not_before);
  row.not_after_ms = to_ms(issued.info.not_after);
  row.issued_ms = to_ms(profile.now);
  STRATUS_CHECK(db::add_certificate(transaction, row));
  return answer_with(row, issued.pem);
}

wire::EnrolAnswer Identity::answer_with(const db::Certificate& row, std::string pem) const {
  wire::EnrolAnswer answer;
  answer.device = row.device;
  answer.kind = row.kind;
  answer.certificate = std::move(pem);
  answer.chain = authority_.intermediate_pem();
  answer.root = authority_.root_pem();
  answer.not_after_ms = row.not_after_ms;
  answer.renew_after_ms =
      row.not_after_ms - std::min(to_ms(config_.renew_before), (row.not_after_ms - row.issued_ms) / 2);
  return answer;
}

// To who used the code before and never heard the answer: the very same certificate, as long as that is the
// device's. Nothing for another key: the request is signed by its key, so only who has that gets this.
Result<std::optional<wire::EnrolAnswer>> Identity::answer_again(db::Transaction& transaction,
                                                                const db::RegistrationCode& code,
                                                                const crypto::SigningRequest& csr) const {
  if (code.certificate.empty()) return std::optional<wire::EnrolAnswer>();
  STRATUS_TRY(info, crypto::parse_certificate(code.certificate));
  if (info.key_id != csr.key.id()) return std::optional<wire::EnrolAnswer>();
  STRATUS_TRY(row, db::find_certificate(transaction, info.serial));
  if (!row || row->state != "active") return std::optional<wire::EnrolAnswer>();
  wire::EnrolAnswer answer = answer_with(*row, code.certificate);
  answer.region = code.region;
  answer.group = code.group;
  return std::optional(std::move(answer));
}

Result<Identity::Enrolled> Identity::enrol_in(db::Transaction& transaction, const wire::EnrolRequest& request,
                                              const crypto::SigningRequest& csr, WallTime now) const {
  const std::string hash = hash_of(request.code);
  STRATUS_TRY(known, db::find_code(transaction, hash));
  const bool bound = known && !known->device.empty();
  std::string id = bound ? known->device : !request.device.empty() ? request.device : csr.common_name;
  const bool any_id = id.empty();
  if (any_id) id = "dev-" + new_ulid();
  if (!csr.common_name.empty() && csr.common_name != id) {
    return fail(ErrorCode::invalid, "the signing request names another id than " + id, "other_device");
  }
  STRATUS_TRY(used, db::use_code(transaction, hash, id, to_ms(now)));
  if (used.verdict == db::CodeVerdict::used && (any_id || id == used.code.used_by)) {
    STRATUS_TRY(again, answer_again(transaction, used.code, csr));
    if (again) return Enrolled{std::move(*again), true};
  }
  if (used.verdict == db::CodeVerdict::expired) {
    return fail(ErrorCode::denied, "the code has expired: ask for a new one", "code_expired");
  }
  if (used.verdict != db::CodeVerdict::good) {
    return fail(ErrorCode::denied, "the code is not known or was used before", "code_refused");
  }
  // From here on an error takes the whole transaction back, so the code stays unused.
  STRATUS_TRY(earlier, db::certificates_of(transaction, id, 16));
  STRATUS_TRY(shut_out, db::is_revoked(transaction, id));
  if (shut_out && !bound) {
    return fail(ErrorCode::denied, id + " was shut out: enrol it with a code made for it (--device)",
                "device_revoked");
  }
  for (const db::Certificate& certificate : earlier) {
    const bool other = certificate.key_id != csr.key.id();
    if (!bound && other && certificate.state == "active" && certificate.not_after_ms > alive_ms()) {
      return fail(ErrorCode::conflict, id + " is enrolled: take another id, or a code made for it (--device)",
                  "id_taken");
    }
  }
  if (bound) {
    STRATUS_CHECK(db::end_certificates(transaction, id, to_ms(now), "enrolled anew"));
    STRATUS_CHECK(db::readmit_device(transaction, id));
  }
  crypto::CertificateProfile profile;
  profile.kind = crypto::parse_certificate_kind(used.code.kind);
  profile.common_name = id;
  profile.names = split_names(used.code.names);
  profile.now = now;
  profile.lifetime = config_.certificate_lifetime;
  STRATUS_TRY(answer, certify(transaction, csr.key, profile));
  STRATUS_CHECK(db::keep_answer(transaction, used.code.id, answer.certificate));
  answer.region = used.code.region;
  answer.group = used.code.group;
  if (profile.kind == crypto::CertificateKind::device)
    STRATUS_CHECK(db::place_device(transaction, id, used.code.region, used.code.group, to_ms(now)));
  const std::string who = answer.kind + ":" + id;
  STRATUS_CHECK(record(transaction, who, "device.enrol", who));
  return Enrolled{std::move(answer), false};
}

net::Task<Result<wire::EnrolAnswer>> Identity::enrol(wire::EnrolRequest request, std::string origin) {
  const std::string key = attempt_key(origin);
  AttemptLimit& guesses = key == "mqtt" ? mqtt_guesses_ : guesses_;
  const Millis wait = guesses.wait_for(key, system_clock().steady());
  if (wait > Millis(0) || enrolling_ >= kMaxEnrolling) {
    ++counters_.throttled;
    co_return fail(ErrorCode::unavailable,
                   fmt::format("too many attempts to enrol; try again in {} s",
                               std::max<std::int64_t>(1, wait.count() / 1000)),
                   "throttled");
  }
  const auto csr = crypto::parse_signing_request(request.csr);
  if (!csr) co_return fail(csr.error().code(), csr.error().text(), "request_refused");
  Enrolled enrolled;
  const WallTime now = system_clock().wall();
  db::Database::Work work = [&](db::Transaction& transaction) -> Result<void> {
    STRATUS_TRY(made, enrol_in(transaction, request, *csr, now));
    enrolled = std::move(made);
    return {};
  };
  ++enrolling_;
  auto written = co_await write(work);
  --enrolling_;
  if (!written) {
    const std::string_view reason = written.error().reason();
    if (reason == "code_refused" || reason == "code_expired") {
      guesses.count(key, system_clock().steady());
      ++counters_.refused;
      log::info("identity", "enrolment refused ({}) from={}", reason, key);
    }
    co_return forward_error(std::move(written));
  }
  wire::EnrolAnswer& answer = enrolled.answer;
  if (enrolled.again) {
    log::info("identity", "answered the enrolment of {} again", answer.device);
    // Perhaps another server made it, or this one died between making it and saying so.
    enrolled_.insert(answer.device);
    auto synced = co_await sync();
    if (!synced) log::warning("identity", "after enrolling {}: {}", answer.device, synced.error().text());
    co_return std::move(answer);
  }
  ++counters_.enrolled;
  enrolled_.insert(answer.device);
  keys_.erase(answer.device);
  log::info("identity", "enrolled {} {} region={} group={}", answer.kind, answer.device, answer.region,
            answer.group);
  // A device that replaces itself: what it had before ends at once, and it is no longer shut out.
  auto synced = co_await sync();
  if (!synced) log::warning("identity", "after enrolling {}: {}", answer.device, synced.error().text());
  for (const auto& hook : issued_hooks_) hook(answer, false);
  tell_recorded("device.enrol", answer.kind + ":" + answer.device);
  co_return std::move(answer);
}

net::Task<Result<wire::EnrolAnswer>> Identity::renew(std::string device, std::string csr_text) {
  const Millis wait = renewals_.wait_for(device, system_clock().steady());
  if (wait > Millis(0)) {
    ++counters_.throttled;
    co_return fail(ErrorCode::unavailable, device + " renews too often", "throttled");
  }
  renewals_.count(device, system_clock().steady());
  if (is_revoked(device)) co_return fail(ErrorCode::denied, device + " was shut out", "device_revoked");
  const auto csr = crypto::parse_signing_request(csr_text);
  if (!csr) co_return fail(csr.error().code(), csr.error().text(), "request_refused");
  if (!csr->common_name.empty() && csr->common_name != device) {
    co_return fail(ErrorCode::denied, "the signing request names another device than " + device,
                   "other_device");
  }
  std::optional<wire::EnrolAnswer> answer;
  const WallTime now = system_clock().wall();
  db::Database::Work work = [&](db::Transaction& transaction) -> Result<void> {
    STRATUS_TRY(shut_out, db::is_revoked(transaction, device));
    if (shut_out) return fail(ErrorCode::denied, device + " was shut out", "device_revoked");
    STRATUS_TRY(earlier, db::certificates_of(transaction, device, 1));
    crypto::CertificateProfile profile;
    profile.common_name = device;
    profile.now = now;
    profile.lifetime = config_.certificate_lifetime;
    if (!earlier.empty()) {
      profile.kind = crypto::parse_certificate_kind(earlier[0].kind);
      profile.names = split_names(earlier[0].names);
    }
    STRATUS_TRY(made, certify(transaction, csr->key, profile));
    answer = std::move(made);
    return {};
  };
  auto written = co_await write(work);
  if (!written) co_return forward_error(std::move(written));
  ++counters_.renewed;
  enrolled_.insert(device);
  keys_.erase(device);
  log::info("identity", "renewed the certificate of {}", device);
  for (const auto& hook : issued_hooks_) hook(*answer, true);
  co_return std::move(*answer);
}

}  // namespace stratus::server
