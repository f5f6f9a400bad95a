// `stratus-server ca …`: looking after the private CA on the server's own disk (docs/security/identity.md).
// For people at that machine; over the network there is `stratus ca show`. Blocking.
#pragma once

#include <filesystem>
#include <string>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/server/identity_config.hpp"

namespace stratus::server {

// What is there, what ends when, what to do next: lines for people, or one JSON object. `not_found` when the
// directory holds no authority.
Result<std::string> describe_ca(const std::filesystem::path& data, WallTime now, bool json);
// root.pem, for whoever has to trust it.
Result<std::string> export_root(const std::filesystem::path& data);
// Moves root.key to `file` (0600), which must not exist and must not be below `data`; it is removed here only
// when the copy was read back and is the root's. `not_found` when it is away already.
Result<void> take_root_key_away(const std::filesystem::path& data, const std::filesystem::path& file);
// Brings it back. `conflict` when it is not the key of this root, or one is there.
Result<void> bring_root_key_back(const std::filesystem::path& data, const std::filesystem::path& file);
// Certifies the intermediate anew, with the root key that is there or, for this moment only, the one of
// `root_key` ("": none given). The same key, so what it signed stays good. `conflict` while the server runs.
Result<void> renew_intermediate(const std::filesystem::path& data, const std::filesystem::path& root_key,
                                WallTime now);

// Signs the revocation list anew from what the database knows (`database`: a file or postgresql://…), whether
// the server runs or not: for a list that is about to end while the server is away. Lines that say what to
// do.
Result<std::string> sign_revocation_list(const std::filesystem::path& data, const std::string& database,
                                         const IdentityConfig& config, WallTime now);

}  // namespace stratus::server
