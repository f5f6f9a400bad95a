// The certificates of simulated devices in one directory, so that a fleet is enrolled once and used many
// times: trust.pem, and for each device a file with key, certificate and chain and one with what it has
// installed. Nothing is synced: a set that is damaged is made again.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "stratus/base/result.hpp"
#include "stratus/crypto/key.hpp"
#include "stratus/net/platform/openssl/tls_client.hpp"
#include "stratus/wire/enrolment.hpp"

namespace stratus::sim {

class Identities {
 public:
  // `directory` is made when it is not there.
  static Result<Identities> open(std::filesystem::path directory);

  bool has(const std::string& device) const;
  // Keeps the answer to a request that was made with `key`. `corrupt` when it is not for that key and device.
  Result<void> keep(const std::string& device, const crypto::SigningKey& key,
                    const wire::EnrolAnswer& answer) const;
  struct Loaded {
    std::shared_ptr<const net::TlsIdentity> identity;
    crypto::SigningKey key;  // of it
  };
  // `sibling`: another device's, or null.
  Result<Loaded> load(const std::string& device, const net::TlsIdentity* sibling) const;

  // What the device keeps from run to run besides (sim/flash.hpp); "" when there is nothing.
  std::string load_flash(const std::string& device) const;
  Result<void> keep_flash(const std::string& device, std::string_view text) const;

  // What vouches for server and broker; there once a device was enrolled.
  std::filesystem::path trust_file() const { return directory_ / "trust.pem"; }

 private:
  explicit Identities(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::filesystem::path file_of(const std::string& device) const;
  std::filesystem::path directory_;
};

}  // namespace stratus::sim
