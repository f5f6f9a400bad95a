#include "stratus/server/revocation_list.hpp"

#include <algorithm>

#include "stratus/base/file.hpp"
#include "stratus/db/identity.hpp"
#include "stratus/server/milliseconds.hpp"

namespace stratus::server {
Result<std::string> write_revocation_list(const crypto::CertificateAuthority& authority, db::Reader& reader,
                                          const std::filesystem::path& directory,
                                          const IdentityConfig& config, WallTime now) {
  STRATUS_TRY(ended, db::ended_certificates(reader, 0, to_ms(now - config.grace)));
  std::vector<crypto::RevokedCertificate> entries;
  for (const db::Certificate& certificate : ended) {
    entries.push_back({certificate.serial, WallTime(Millis(certificate.changed_ms)),
                       certificate.state == "superseded" ? crypto::RevocationReason::superseded
                                                         : crypto::RevocationReason::unspecified});
  }
  // A little from before now, for brokers whose clock is behind ours.
  const auto lifetime = config.revocation_list_lifetime;
  const WallTime from = now - std::min<Millis>(std::chrono::hours(1), Millis(lifetime) / 100);
  STRATUS_TRY(list, authority.make_revocation_list(entries, static_cast<std::uint64_t>(to_ms(now)), from,
                                                   now + lifetime));
  STRATUS_CHECK(write_file_atomically(directory / "crl.pem", list, 0644));
  return list;
}

}  // namespace stratus::server
