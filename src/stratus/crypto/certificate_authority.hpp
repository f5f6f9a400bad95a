// The private CA: a root that may be kept offline, and an online intermediate that signs everything.
//
// DIRECTORY/{root.pem, root.key, intermediate.pem, intermediate.key}, keys 0600. Once made, root.key may be
// moved away; it is needed again only to certify the intermediate's key anew (same key, so what it signed
// stays good). Reading and writing these files apart, everything is pure; values that share their keys, const
// use from any thread is fine.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/crypto/certificate_info.hpp"
#include "stratus/crypto/key.hpp"

namespace stratus::crypto {

struct CertificateProfile {
  CertificateKind kind = CertificateKind::device;
  std::string common_name;         // 1 to 64 printable ASCII characters
  std::vector<std::string> names;  // SANs of gateways and servers: DNS names, IP addresses
  WallTime now;                    // valid from a day before: devices' clocks are seldom right
  std::chrono::seconds lifetime{std::chrono::days(90)};  // ends with the intermediate at the latest
};

struct IssuedCertificate {
  std::string pem;  // the leaf alone
  CertificateInfo info;
};

enum class RevocationReason : std::uint8_t { unspecified = 0, key_compromise = 1, superseded = 4 };

struct RevokedCertificate {
  std::string serial;  // hex
  WallTime when;
  RevocationReason reason = RevocationReason::unspecified;
};

struct AuthorityOptions {
  std::string name = "Stratus";  // part of the CA's subject names
  WallTime now;
  std::chrono::days root_lifetime{20 * 365};
  std::chrono::days intermediate_lifetime{5 * 365};
};

class CertificateAuthority {
 public:
  // Makes what is missing; safe to repeat after a crash at any point. While root.key is there, an
  // intermediate past half its life is certified anew. `conflict` when something is missing that only
  // root.key could make.
  static Result<CertificateAuthority> open_or_make(const std::filesystem::path& directory,
                                                   const AuthorityOptions& options);

  // `invalid` for a profile outside the rules; nothing is remembered: the caller keeps what was issued.
  Result<IssuedCertificate> issue(const PublicKey& key, const CertificateProfile& profile) const;

  // PEM. `number` grows with every list (RFC 5280 section 5.2.3).
  Result<std::string> make_revocation_list(std::span<const RevokedCertificate> revoked, std::uint64_t number,
                                           WallTime this_update, WallTime next_update) const;

  // Whether the intermediate's key signed the first certificate of this PEM text.
  bool issued(std::string_view pem) const;

  const std::string& root_pem() const;
  const std::string& intermediate_pem() const;
  const CertificateInfo& root() const;
  const CertificateInfo& intermediate() const;
  bool has_root_key() const;  // on this machine, when it was opened

 private:
  struct Parts;
  explicit CertificateAuthority(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

// That the leaf was signed through the chain by the root, whenever, each a certificate of a CA; `corrupt`
// when not. Times and other usage are for TLS to judge.
Result<void> check_chain(std::string_view leaf, std::string_view chain, std::string_view root);

// When a revocation list must be made anew, and when it is so old that people must be told. An expired list
// makes brokers refuse every device, so it is renewed at a quarter of its life and alarmed at half.
struct RevocationListAge {
  bool renew = false;
  bool alarm = false;
  bool expired = false;
};
RevocationListAge judge_revocation_list(WallTime this_update, WallTime next_update, WallTime now);
// thisUpdate and nextUpdate of a PEM list.
struct RevocationListTimes {
  WallTime this_update;
  WallTime next_update;
};
Result<RevocationListTimes> read_revocation_list_times(std::string_view pem);
// Serials of a list that `issuer_pem`'s key signed; `denied` when it did not, `corrupt` when it is none.
Result<std::vector<std::string>> read_revocation_list(std::string_view pem, std::string_view issuer_pem);

}  // namespace stratus::crypto
