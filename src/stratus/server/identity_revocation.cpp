// Shutting devices out, the revocation list, and the server's own certificate.
#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/server/audit_log.hpp"
#include "stratus/server/identity.hpp"
#include "stratus/server/milliseconds.hpp"
#include "stratus/server/revocation_list.hpp"

namespace stratus::server {
namespace {

constexpr Millis kRound(1000);
constexpr std::int64_t kOverlapMs = 10'000;  // clocks of several servers differ, transactions take their time
constexpr int kRoundsPerCertificateCheck = 600;
constexpr std::chrono::days kServerLifetime{397};

}  // namespace

std::int64_t Identity::alive_ms() const { return to_ms(system_clock().wall() - config_.grace); }

void Identity::start() { background_.spawn(watch()); }
net::Task<void> Identity::stop() { co_await background_.stop(); }

net::Task<void> Identity::watch() {
  for (int round = 1;; ++round) {
    auto synced = co_await sync();
    std::string problem = synced ? "" : synced.error().text();
    if (problem != sync_problem_ && !problem.empty())
      log::warning("identity", "cannot read revocations: {}", problem);
    sync_problem_ = std::move(problem);
    const WallTime now = system_clock().wall();
    const bool due =
        !list_times_ ||
        crypto::judge_revocation_list(list_times_->this_update, list_times_->next_update, now).renew;
    if (list_stale_ || due) co_await refresh_list();
    if (round % kRoundsPerCertificateCheck == 0 && !tls_directory_.empty()) {
      auto renew = [this] { return ensure_server_certificate(tls_directory_); };
      auto files = co_await pool_.run(renew);
      if (!files) log::error("identity", "the server's certificate: {}", files.error().text());
      if (files && files->created) {
        for (const auto& hook : server_hooks_) hook();
      }
    }
    co_await net::sleep_for(kRound);
  }
}

// What this and other servers changed since the last time.
net::Task<Result<void>> Identity::sync() {
  struct News {
    std::vector<db::Certificate> ended;
    std::vector<db::RevokedDevice> revoked;
    std::vector<std::string> enrolled, gateways;
  };
  const std::int64_t since = synced_ms_ - kOverlapMs;
  const std::int64_t now = to_ms(system_clock().wall());
  auto read = [&]() -> Result<News> {
    News news;
    STRATUS_CHECK(database_.read([&](db::Reader& reader) -> Result<void> {
      STRATUS_TRY(ended, db::ended_certificates(reader, since, alive_ms()));
      STRATUS_TRY(revoked, db::revoked_devices(reader));
      STRATUS_TRY(enrolled, db::enrolled_since(reader, since));
      STRATUS_TRY(gateways, db::gateways_since(reader, since, alive_ms()));
      news = News{std::move(ended), std::move(revoked), std::move(enrolled), std::move(gateways)};
      return {};
    }));
    return news;
  };
  const std::uint64_t turn = ++syncs_begun_;
  auto news = co_await pool_.run(read);
  if (!news) co_return forward_error(std::move(news));
  // One that began later has answered before: it may know of a revocation that this one does not.
  if (turn < sync_applied_) co_return Result<void>();
  sync_applied_ = turn;
  synced_ms_ = std::max(synced_ms_, now);
  for (const std::string& device : news->enrolled) {
    if (enrolled_.insert(device).second) keys_.erase(device);
  }
  const std::size_t gateways = gateways_.size();
  gateways_.insert(news->gateways.begin(), news->gateways.end());
  if (gateways_.size() != gateways) {
    for (const auto& hook : gateway_hooks_) hook();
  }
  std::unordered_set<std::string> revoked;
  for (const db::RevokedDevice& device : news->revoked) revoked.insert(device.device);
  std::vector<std::string> fresh, back;
  for (const std::string& device : revoked) {
    if (!revoked_.contains(device)) fresh.push_back(device);
  }
  for (const std::string& device : revoked_) {
    if (!revoked.contains(device)) back.push_back(device);
  }
  revoked_ = std::move(revoked);
  for (const std::string& device : fresh) {
    keys_.erase(device);
    log::warning("identity", "{} is shut out: cutting what it has open", device);
    for (const auto& hook : revoked_hooks_) hook(device);
  }
  for (const std::string& device : back) {
    keys_.erase(device);
    log::info("identity", "{} is enrolled anew, and let in again", device);
    for (const auto& hook : readmitted_hooks_) hook(device);
  }
  apply_ended(news->ended);
  co_return Result<void>();
}

void Identity::apply_ended(const std::vector<db::Certificate>& ended) {
  for (const db::Certificate& certificate : ended) {
    if (!ended_.emplace(certificate.serial, certificate.not_after_ms).second) continue;
    list_stale_ = true;
    for (const auto& hook : ended_hooks_) hook(certificate.serial);
    if (certificate.state == "revoked" || certificate.reason == "superseded") continue;
    for (const auto& hook : replaced_hooks_) hook(certificate.device);
  }
}

Result<std::string> Identity::make_list(WallTime now) const {
  return write_revocation_list(authority_, database_, directory_, config_, now);
}

net::Task<void> Identity::refresh_list() {
  if (list_busy_) co_return;
  list_busy_ = true;
  list_stale_ = false;  // what ends from now on makes it stale again
  const WallTime now = system_clock().wall();
  auto make = [&] { return make_list(now); };
  auto list = co_await pool_.run(make);
  list_busy_ = false;
  if (!list) {
    if (list_problem_ != list.error().text())
      log::error("identity", "the revocation list: {}", list.error().text());
    list_problem_ = list.error().text();
    list_stale_ = true;
    co_return;
  }
  list_problem_.clear();
  list_ = std::move(*list);
  if (const auto times = crypto::read_revocation_list_times(list_)) list_times_ = *times;
  for (const auto& hook : list_hooks_) hook();
}

net::Task<Result<void>> Identity::revoke(std::string device, std::string by, std::string reason) {
  const std::int64_t now = to_ms(system_clock().wall());
  db::Database::Work work = [=](db::Transaction& transaction) -> Result<void> {
    STRATUS_CHECK(db::revoke_device(transaction, {device, now, by, reason}));
    wire::AuditEntry entry;
    entry.actor = by;
    entry.action = "device.revoke";
    entry.object = "device:" + device;
    entry.detail = "{}";
    return append_audit(transaction, std::move(entry));
  };
  auto written = co_await write(work);
  if (!written) co_return written;
  tell_recorded("device.revoke", "device:" + device);
  ++counters_.revoked;
  auto synced = co_await sync();  // cuts what it has open
  if (!synced) co_return synced;
  co_await refresh_list();
  co_return Result<void>();
}

net::Task<Result<std::vector<db::Certificate>>> Identity::certificates(std::string device) {
  auto read = [&] { return db::certificates_of(database_, device, 100); };
  co_return co_await pool_.run(read);
}

net::Task<Result<std::vector<db::Certificate>>> Identity::list_certificates(db::CertificateQuery query) {
  auto read = [&] { return db::list_certificates(database_, query); };
  co_return co_await pool_.run(read);
}

Result<crypto::TlsFiles> Identity::ensure_server_certificate(const std::filesystem::path& directory) {
  crypto::TlsFiles files{directory / "server.pem", directory / "server.key", false};
  const WallTime now = system_clock().wall();
  if (::access(files.certificate.c_str(), F_OK) == 0) {
    STRATUS_TRY(pem, read_file(files.certificate, 1u << 20));
    if (!authority_.issued(pem)) {
      crypto::CertificateOptions unused;
      return crypto::ensure_tls_files(directory, "server", unused);  // somebody else's: only looked at
    }
    STRATUS_TRY(info, crypto::parse_certificate(pem));
    const bool young = now - info.not_before < (info.not_after - info.not_before) * 2 / 3;
    if (young && ::access(files.key.c_str(), F_OK) == 0) {
      tls_directory_ = directory;
      return files;
    }
  }
  STRATUS_CHECK(make_directories(directory));
  if (::access(files.key.c_str(), F_OK) != 0) {
    STRATUS_TRY(fresh, crypto::SigningKey::generate());
    STRATUS_CHECK(write_file_atomically(files.key, fresh.pem(), 0600));
  }
  STRATUS_TRY(key, crypto::SigningKey::load(files.key));
  crypto::CertificateProfile profile;
  profile.kind = crypto::CertificateKind::server;
  profile.common_name = "stratus-server";
  profile.names = crypto::default_server_names();
  profile.names.insert(profile.names.end(), config_.server_names.begin(), config_.server_names.end());
  profile.now = now;
  profile.lifetime = kServerLifetime;
  STRATUS_TRY(issued, authority_.issue(key.public_key(), profile));
  // The root goes into the file for clients that pin it; it is not sent (net/http_server.hpp).
  const std::string chain = issued.pem + authority_.intermediate_pem() + authority_.root_pem();
  STRATUS_CHECK(write_file_atomically(files.certificate, chain, 0644));
  files.created = true;
  tls_directory_ = directory;
  return files;
}

}  // namespace stratus::server
