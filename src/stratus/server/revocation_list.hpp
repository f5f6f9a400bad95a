// The revocation list as the database says: DATA/ca/crl.pem, for brokers and gateways. Blocks.
#pragma once

#include <filesystem>
#include <string>

#include "stratus/crypto/certificate_authority.hpp"
#include "stratus/db/database.hpp"
#include "stratus/server/identity_config.hpp"

namespace stratus::server {

// Signs a list of every certificate that ended and is not past its grace, good from a little before `now`,
// and writes crl.pem in `directory`. The list in PEM.
Result<std::string> write_revocation_list(const crypto::CertificateAuthority& authority, db::Reader& reader,
                                          const std::filesystem::path& directory,
                                          const IdentityConfig& config, WallTime now);

}  // namespace stratus::server
