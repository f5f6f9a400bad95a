// A self-signed TLS certificate for the first start of a server or gateway: P-256, server authentication
// only, not a CA. Clients trust it by pinning the file (`--ca`). Devices' own certificates come with the
// private CA later.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/crypto/key.hpp"

namespace stratus::crypto {

// The subject of a gateway's own certificate: whoever is told that it is not trusted can be told what it is.
inline constexpr std::string_view kGatewayCommonName = "stratus-gateway";

struct CertificateOptions {
  std::string common_name = "stratus";
  std::vector<std::string> names;  // SANs: DNS names and IP addresses, told apart by their form
  WallTime now;                    // valid from a day before (devices' clocks are seldom right)
  std::chrono::days lifetime{3650};
};

Result<std::string> make_self_signed_certificate(const SigningKey& key, const CertificateOptions& options);

struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
  bool created = false;  // by this call
};
// DIRECTORY/NAME.pem and NAME.key (0600), made when they are not there. A key without a certificate is used
// for a new one (a crash came between); a certificate without a key is `conflict`.
Result<TlsFiles> ensure_tls_files(const std::filesystem::path& directory, const std::string& name,
                                  const CertificateOptions& options);

// "localhost", the loopback addresses and this machine's host name.
std::vector<std::string> default_server_names();

}  // namespace stratus::crypto
