// Who devices and gateways are: registration codes, certificates, revocation, and what each may do.
//
// Lives on the loop; slow work goes to a pool. Several servers on one database and one DATA/ca agree within
// seconds: what another one did is read from the database each second. Reasons in docs/security/identity.md.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "stratus/base/clock.hpp"
#include "stratus/crypto/certificate.hpp"
#include "stratus/crypto/certificate_authority.hpp"
#include "stratus/crypto/signing_request.hpp"
#include "stratus/db/identity.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/server/attempt_limit.hpp"
#include "stratus/server/identity_config.hpp"
#include "stratus/wire/enrolment.hpp"

namespace stratus::server {

// Who a TLS peer proved to be.
struct PeerIdentity {
  std::string id;
  crypto::CertificateKind kind = crypto::CertificateKind::device;
  std::string serial;
  bool expired = false;
};

struct CodeWish {
  std::string region, group;
  std::string kind = "device";     // or "gateway"
  std::string device;              // only for this id, which may then replace what it had
  std::vector<std::string> names;  // a gateway's DNS names and addresses
  std::chrono::seconds lifetime{3600};
  std::size_t count = 1;
  std::string by;  // who asks for it, for the audit log
};
struct NewCode {
  std::string code;  // shown once
  std::string id;
  std::int64_t expires_ms = 0;
};

class Identity {
 public:
  struct Parts {
    crypto::CertificateAuthority authority;
    std::string code_key;  // secret
    std::filesystem::path directory;
  };
  // DATA/ca, made at the first start. Blocks.
  static Result<Parts> open(const std::filesystem::path& directory, WallTime now);

  Identity(net::Executor loop, Parts parts, const IdentityConfig& config, db::Database& database,
           net::WorkerPool& pool);
  // What the database knows; once, before serving. Blocks.
  Result<void> load();
  void start();
  net::Task<void> stop();

  // DATA/tls/server.{pem,key}: issued by the intermediate, made anew when two thirds of its life are over. A
  // certificate from elsewhere that is there already is kept. Blocks. `changed` when it was made now.
  Result<crypto::TlsFiles> ensure_server_certificate(const std::filesystem::path& directory);
  // For net::ServerTls: who vouches for clients, and whom we admit to a session.
  std::string client_ca() const;
  bool admits(const crypto::CertificateInfo& certificate) const;

  // Nobody when no certificate was shown. `denied` (reason certificate_revoked, certificate_expired): go
  // away.
  Result<std::optional<PeerIdentity>> identify(const net::RequestHead& request) const;
  // Whether what this peer says of `device` is the device's own word: its session, or a device without
  // identity.
  bool is_own_word(const net::RequestHead& request, std::string_view device) const;
  // Whether this peer may act for `device`: the device itself; a gateway for those behind it; in optional
  // mode anybody for a device that is not enrolled. `denied` with reason certificate_required, other_device,
  // ….
  Result<void> check_speaks_for(const net::RequestHead& request, std::string_view device) const;
  // The same for a message that is checked by its signature besides: in optional mode anybody may bring it.
  Result<void> check_carries(const net::RequestHead& request, std::string_view device) const;
  // Whether this peer may fetch what devices fetch.
  Result<void> check_fetches(const net::RequestHead& request) const;
  // A message of an enrolled device that did not come over its own TLS session must carry its signature
  // (reason signature_required, signature_wrong). `signature`: the header's or field's text, "" for none.
  net::Task<Result<void>> check_message(std::string device, std::string kind, std::uint64_t counter,
                                        std::string body, std::string signature, bool own_session);
  // Whether an expired certificate may still renew itself (reason grace_over).
  Result<void> check_grace(const crypto::CertificateInfo& certificate) const;
  bool is_enrolled(std::string_view device) const;
  bool is_revoked(std::string_view device) const;

  // `origin`: the peer's address, for the brake on guessing, or "mqtt:…". Reasons: code_refused,
  // code_expired, id_taken, device_revoked, throttled. Of any number of uses of one code at once exactly one
  // succeeds; that one, asking again with the same key, gets the same answer.
  net::Task<Result<wire::EnrolAnswer>> enrol(wire::EnrolRequest request, std::string origin);
  // For who proved to be `device` in TLS (or to the broker). The request must name it or nobody.
  net::Task<Result<wire::EnrolAnswer>> renew(std::string device, std::string csr);

  net::Task<Result<std::vector<NewCode>>> make_codes(CodeWish wish);
  net::Task<Result<std::vector<db::RegistrationCode>>> list_codes(bool only_open, std::int64_t limit);
  net::Task<Result<void>> withdraw_code(std::string id, std::string by);
  // Refuses every certificate of the device from now on and cuts what it has open.
  net::Task<Result<void>> revoke(std::string device, std::string by, std::string reason);
  net::Task<Result<std::vector<db::Certificate>>> certificates(std::string device);
  net::Task<Result<std::vector<db::Certificate>>> list_certificates(db::CertificateQuery query);

  // Called on the loop when a device is shut out: cut its sessions.
  void on_revoked(std::function<void(const std::string& device)> hook) {
    revoked_hooks_.push_back(std::move(hook));
  }
  // Called on the loop when a device that was shut out is somebody again.
  void on_readmitted(std::function<void(const std::string& device)> hook) {
    readmitted_hooks_.push_back(std::move(hook));
  }
  // Called on the loop when a device's certificates ended because it was enrolled anew: cut what
  // it has open.
  void on_replaced(std::function<void(const std::string& device)> hook) {
    replaced_hooks_.push_back(std::move(hook));
  }
  // Called on the loop when this server made a certificate.
  void on_issued(std::function<void(const wire::EnrolAnswer& issued, bool renewed)> hook) {
    issued_hooks_.push_back(std::move(hook));
  }
  // Called on the loop when an entry of the audit log was stored.
  void on_recorded(std::function<void(const std::string& action, const std::string& object)> hook) {
    recorded_hooks_.push_back(std::move(hook));
  }
  // Called on the loop when there is a gateway more.
  void on_gateways(std::function<void()> hook) { gateway_hooks_.push_back(std::move(hook)); }
  // Called on the loop with the ids of certificates that ended: cut sessions made with them.
  void on_ended(std::function<void(const std::string& serial)> hook) {
    ended_hooks_.push_back(std::move(hook));
  }
  // Called on the loop after DATA/ca/crl.pem was written anew (brokers read it again on a signal).
  void on_revocation_list(std::function<void()> hook) { list_hooks_.push_back(std::move(hook)); }
  // Called on the loop when the server's own certificate was made anew.
  void on_server_certificate(std::function<void()> hook) { server_hooks_.push_back(std::move(hook)); }

  const crypto::CertificateAuthority& authority() const { return authority_; }
  const IdentityConfig& config() const { return config_; }
  const std::string& revocation_list() const { return list_; }  // PEM
  const std::optional<crypto::RevocationListTimes>& revocation_list_times() const { return list_times_; }
  const std::filesystem::path& directory() const { return directory_; }
  const std::unordered_set<std::string>& gateways() const { return gateways_; }
  const std::unordered_set<std::string>& revoked_devices() const { return revoked_; }
  // What people must be told, one line each; for /healthz and the log.
  std::vector<std::string> warnings() const;

  struct Counters {
    std::uint64_t enrolled = 0, refused = 0, throttled = 0, renewed = 0, revoked = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  struct DeviceKey {
    std::string key_id;  // 16 digits
    crypto::PublicKey key;
  };

  // identity.cpp
  Result<void> check_peer(const net::RequestHead& request, std::string_view device, bool others) const;
  net::Task<Result<void>> write(db::Database::Work work);
  void tell_recorded(const std::string& action, const std::string& object) const;
  // Of what the device said in the past, superseded keys too; a renewal needs one that is still good.
  net::Task<Result<std::vector<DeviceKey>>> keys_of(std::string device, bool to_renew);

  // identity_enrolment.cpp
  std::string hash_of(std::string_view code) const;
  struct Enrolled {
    wire::EnrolAnswer answer;
    bool again = false;  // nothing new happened
  };
  Result<Enrolled> enrol_in(db::Transaction& transaction, const wire::EnrolRequest& request,
                            const crypto::SigningRequest& csr, WallTime now) const;
  Result<std::optional<wire::EnrolAnswer>> answer_again(db::Transaction& transaction,
                                                        const db::RegistrationCode& code,
                                                        const crypto::SigningRequest& csr) const;
  wire::EnrolAnswer answer_with(const db::Certificate& row, std::string pem) const;
  Result<wire::EnrolAnswer> certify(db::Transaction& transaction, const crypto::PublicKey& key,
                                    const crypto::CertificateProfile& profile) const;

  // identity_revocation.cpp
  net::Task<void> watch();
  net::Task<Result<void>> sync();
  void apply_ended(const std::vector<db::Certificate>& ended);
  Result<std::string> make_list(WallTime now) const;  // and writes crl.pem; blocks
  net::Task<void> refresh_list();
  std::int64_t alive_ms() const;  // what ended before this is past its grace

  crypto::CertificateAuthority authority_;
  std::string code_key_;
  std::filesystem::path directory_;
  IdentityConfig config_;
  db::Database& database_;
  net::WorkerPool& pool_;
  net::TaskGroup background_;

  std::unordered_map<std::string, std::int64_t> ended_;  // serial → end of its certificate, ms
  std::unordered_set<std::string> revoked_;              // device ids
  std::unordered_set<std::string> enrolled_;             // device ids
  std::unordered_set<std::string> gateways_;             // ids; of those, who was shut out is in revoked_
  std::unordered_map<std::string, std::vector<DeviceKey>> keys_;
  std::int64_t synced_ms_ = 0;
  std::uint64_t syncs_begun_ = 0, sync_applied_ = 0;
  std::string sync_problem_;

  std::string list_;
  std::optional<crypto::RevocationListTimes> list_times_;
  bool list_stale_ = true;
  bool list_busy_ = false;
  std::string list_problem_;
  std::filesystem::path tls_directory_;  // "": the server's certificate is not ours to renew

  AttemptLimit guesses_{{}};
  // Over MQTT nobody's address is known: all share one limit, which leaves HTTPS to the others.
  AttemptLimit mqtt_guesses_{{50, 50}};
  AttemptLimit renewals_{{10, 1'000'000, Millis(3'600'000), 100'000}};
  std::size_t enrolling_ = 0;
  Counters counters_;
  std::vector<std::function<void(const std::string&)>> revoked_hooks_, readmitted_hooks_, replaced_hooks_,
      ended_hooks_;
  std::vector<std::function<void(const wire::EnrolAnswer&, bool)>> issued_hooks_;
  std::vector<std::function<void(const std::string&, const std::string&)>> recorded_hooks_;
  std::vector<std::function<void()>> list_hooks_, server_hooks_, gateway_hooks_;
};

}  // namespace stratus::server
