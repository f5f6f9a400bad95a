// What the catalogue knows of device identities: certificates, revocations, registration codes.
//
// Reads take any Reader and block; writes run inside a Transaction. Times in milliseconds since 1970 UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/db/database.hpp"

namespace stratus::db {

struct Certificate {
  std::string serial;  // hex, upper case
  std::string device;
  std::string kind;  // "device", "gateway"
  std::string fingerprint;
  std::string key_id;
  Bytes public_key;   // SubjectPublicKeyInfo in DER
  std::string names;  // SANs, with a space between
  std::int64_t not_before_ms = 0;
  std::int64_t not_after_ms = 0;
  std::int64_t issued_ms = 0;
  std::string state = "active";  // "active", "superseded", "revoked"
  std::int64_t changed_ms = 0;   // when it became that
  std::string changed_by;
  std::string reason;
};

// At most kMaxActive certificates of a device are active: the ones before are superseded by this. `conflict`
// for a serial that is known.
inline constexpr std::int64_t kMaxActiveCertificates = 3;
Result<void> add_certificate(Transaction& transaction, const Certificate& certificate);
// Supersedes whatever of the device is active.
Result<void> end_certificates(Transaction& transaction, std::string_view device, std::int64_t now_ms,
                              std::string_view reason);
struct CertificateQuery {
  std::string state = "active";        // "": any
  std::string device, serial;          // what they begin with; "": any
  std::int64_t expires_before_ms = 0;  // 0: whenever
  bool newest = false;         // only what its device has not replaced by an active one that ends later
  std::int64_t after_ms = -1;  // goes on after this end and serial
  std::string after_serial;
  std::int64_t limit = 100;
};
// By their end, the next to end first.
Result<std::vector<Certificate>> list_certificates(Reader& reader, const CertificateQuery& query);
// Newest first.
Result<std::vector<Certificate>> certificates_of(Reader& reader, std::string_view device, std::int64_t limit);
Result<std::optional<Certificate>> find_certificate(Reader& reader, std::string_view serial);

// Devices that have an active certificate that has not been expired since before `alive_ms`.
Result<std::vector<std::string>> enrolled_devices(Reader& reader, std::int64_t alive_ms);
// Certificates that are no longer active and whose end, with grace, is not over; changed at or after
// `since_ms`.
Result<std::vector<Certificate>> ended_certificates(Reader& reader, std::int64_t since_ms,
                                                    std::int64_t alive_ms);
// Devices with a certificate issued at or after `since_ms`.
Result<std::vector<std::string>> enrolled_since(Reader& reader, std::int64_t since_ms);
// Gateways among them; with 0, all that were ever active and are not past `alive_ms`.
Result<std::vector<std::string>> gateways_since(Reader& reader, std::int64_t since_ms, std::int64_t alive_ms);

// Makes the device known and puts it where the code says; "" leaves that as it is. `not_found` when the
// region or group has gone since.
Result<void> place_device(Transaction& transaction, std::string_view device, std::string_view region,
                          std::string_view group, std::int64_t now_ms);

// `not_found` unless region and group exist, where they are not "".
Result<void> check_places(Reader& reader, std::string_view region, std::string_view group);

struct RevokedDevice {
  std::string device;
  std::int64_t revoked_ms = 0;
  std::string revoked_by;
  std::string reason;
};
// Shuts the device out: every certificate of it, also ones that are not known here, until it is enrolled anew
// with a code made for it. Idempotent: the first time and reason stay.
Result<void> revoke_device(Transaction& transaction, const RevokedDevice& revoked);
Result<void> readmit_device(Transaction& transaction, std::string_view device);
Result<std::vector<RevokedDevice>> revoked_devices(Reader& reader);
Result<bool> is_revoked(Reader& reader, std::string_view device);

struct RegistrationCode {
  std::string id;    // ULID
  std::string hash;  // keyed; the code itself is shown once and kept nowhere
  std::string kind = "device";
  std::string region;  // its code; "": unassigned
  std::string group;
  std::string device;  // "": for whoever has it; else for this id alone, which it may take over
  std::string names;   // of a gateway's certificate, with a space between
  std::int64_t created_ms = 0;
  std::string created_by;
  std::int64_t expires_ms = 0;
  std::int64_t digits = 0;   // its length: a guess hits only codes of its own; 0: nobody noted it
  std::int64_t used_ms = 0;  // 0: not yet
  std::string used_by;       // device id
  std::string certificate;   // PEM, what it was answered with
};
// `conflict` when the same code exists; make another then.
Result<void> add_code(Transaction& transaction, const RegistrationCode& code);
// Open codes of that length, and those of which nobody noted it.
Result<std::int64_t> count_open_codes(Reader& reader, std::int64_t now_ms, std::int64_t digits);
// Uses the code up for `device`, or says why not: nothing found (`none`), used before, expired. Of any number
// at once, one gets it.
enum class CodeVerdict : std::uint8_t { good, none, used, expired };
struct UsedCode {
  CodeVerdict verdict = CodeVerdict::none;
  RegistrationCode code;  // with `good` and `used`
};
Result<UsedCode> use_code(Transaction& transaction, std::string_view hash, std::string_view device,
                          std::int64_t now_ms);
// Keeps what a used code was answered with, so that the answer can be given again.
Result<void> keep_answer(Transaction& transaction, std::string_view id, std::string_view certificate);
Result<std::optional<RegistrationCode>> find_code(Reader& reader, std::string_view hash);
// Newest first; codes that are neither used nor expired, or all that are still kept. Without certificates.
Result<std::vector<RegistrationCode>> codes(Reader& reader, bool only_open, std::int64_t now_ms,
                                            std::int64_t limit);
// `not_found` when there is none that is open.
Result<void> withdraw_code(Transaction& transaction, std::string_view id, std::int64_t now_ms);
// Forgets codes that ended before `before_ms`.
Result<void> forget_codes(Transaction& transaction, std::int64_t before_ms);

}  // namespace stratus::db
