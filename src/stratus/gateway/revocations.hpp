// Whom this gateway turns away: what the server says about that, asked for every few seconds, kept on the
// disk so that a restart without the upstream turns the same ones away. Belongs to the loop's thread.
//
// Certificates are judged by their serial and by the name in them. The server's list is believed only with
// the intermediate's signature; the names come over the TLS session with the upstream.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "stratus/crypto/certificate_authority.hpp"
#include "stratus/gateway/upstream.hpp"
#include "stratus/net/http_message.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/wire/revocations.hpp"

namespace stratus::gateway {

class Revocations {
 public:
  // `every`: between two questions to the upstream. `directory`: of this gateway's identity
  // (net/identity_files.hpp), where revocations.json is kept as well. `corrupt` when there is no identity.
  // Blocks. `upstream` must outlive it.
  static Result<std::unique_ptr<Revocations>> open(const std::filesystem::path& directory, Upstream& upstream,
                                                   Millis every);

  // Asks the upstream until cancelled.
  net::Task<void> watch();

  // Root and intermediates that vouch for devices, in PEM.
  const std::string& client_ca() const { return client_ca_; }
  bool known() const { return known_; }  // heard from the server, now or before a restart
  bool required() const { return current_.required; }
  const wire::Revocations& current() const { return current_; }
  const std::string& etag() const { return etag_; }
  const std::optional<crypto::RevocationListTimes>& times() const { return times_; }

  // For each handshake: neither the certificate nor its device was shut out.
  bool admits(const crypto::CertificateInfo& certificate) const;
  // Whether who asks may have what devices have. `denied`: no certificate where one is needed, an expired
  // one. `device`: whom it speaks for, "" when it does not matter; only a gateway speaks for another.
  Result<void> check(const net::RequestHead& request, std::string_view device) const;

  // Called on the loop after something changed, with the devices that were shut out since.
  using Hook = std::function<void(const std::vector<std::string>& fresh)>;
  void on_change(Hook hook) { hooks_.push_back(std::move(hook)); }

 private:
  Revocations(std::filesystem::path file, std::string client_ca, std::string issuer, Upstream& upstream,
              Millis every)
      : file_(std::move(file)),
        client_ca_(std::move(client_ca)),
        issuer_(std::move(issuer)),
        upstream_(upstream),
        every_(every) {}
  net::Task<Result<void>> ask();
  enum class Origin : std::uint8_t { disk, upstream };
  Result<void> take(std::string_view text, Origin origin);
  Result<void> keep();

  std::filesystem::path file_;
  std::string client_ca_, issuer_;
  Upstream& upstream_;
  Millis every_;
  wire::Revocations current_;
  std::unordered_set<std::string> devices_, serials_;
  std::optional<crypto::RevocationListTimes> times_;
  std::string etag_, problem_;
  std::string unkept_;  // what the disk did not take yet
  bool known_ = false;
  std::vector<Hook> hooks_;
};

}  // namespace stratus::gateway
