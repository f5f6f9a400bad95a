// The certificate of a device or gateway on its own disk: DIRECTORY/{identity.pem, trust.pem, identity.json}.
//
// identity.pem (0600) holds key, certificate and intermediate in one file, so that a renewal replaces all of
// them in one step, whatever happens meanwhile. The key is born here and never leaves. Blocking, small.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/crypto/key.hpp"
#include "stratus/wire/enrolment.hpp"

namespace stratus::net {

struct OwnIdentity {
  std::string device;
  std::string kind;
  std::string server;           // where it was enrolled
  std::filesystem::path file;   // certificate and key, for ClientOptions
  std::filesystem::path trust;  // roots
  crypto::SigningKey key;
  std::string certificate;  // PEM, the leaf
  WallTime not_after;
  WallTime renew_after;
};

class IdentityFiles {
 public:
  explicit IdentityFiles(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // nullopt before the enrolment; `corrupt` when what is there does not fit together.
  Result<std::optional<OwnIdentity>> load() const;
  // The key of the next certificate: made once and kept until a certificate for it arrived, so that an answer
  // that got lost does not leave keys behind.
  Result<crypto::SigningKey> next_key() const;
  // Takes the answer to a request made with next_key(). `trust`: further PEM certificates to trust, "" for
  // none. `corrupt` when the certificate is not for that key and that device, or not signed through its own
  // root.
  Result<OwnIdentity> accept(const wire::EnrolAnswer& answer, const std::string& server,
                             const std::string& trust) const;
  // The answer to a renewal of `present`: as accept(), and what was trusted stays so. A root is news only an
  // enrolment may bring: `denied` unless it is trusted already, or what is trusted vouches for the new
  // certificate as well (the root's key certified anew, or a next root that the present one signed).
  Result<OwnIdentity> accept_renewal(const wire::EnrolAnswer& answer, const OwnIdentity& present) const;
  // A file with the identity's roots and those of `more`, for ClientOptions::ca_file.
  Result<std::filesystem::path> trust_with(const std::filesystem::path& more) const;

  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

}  // namespace stratus::net
