#include "stratus/update/offered_release.hpp"

#include <vector>

#include <fmt/format.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::update {

Result<crypto::ReleaseStatement> check_offer(const wire::NextRelease& next, std::string_view name,
                                             const crypto::ReleaseVerifier& verifier, std::uint64_t floor) {
  if (next.name != name) {
    return fail(ErrorCode::denied, fmt::format("asked for '{}', was offered '{}'", name, next.name));
  }
  const Digest manifest = sha256(next.manifest);
  std::vector<crypto::StatementSignature> signatures;
  for (const wire::ReleaseSignature& one : next.signatures) {
    std::string payload = one.payload;
    if (payload.empty()) {
      payload = crypto::encode_statement({std::string(name), manifest, next.version, one.counter});
    }
    signatures.push_back({one.key_id, std::move(payload), one.signature});
  }
  STRATUS_TRY(statement, verifier.verify(name, manifest, signatures));
  if (statement.version != next.version) {
    return fail(ErrorCode::denied,
                fmt::format("offered as version '{}', signed as '{}'", next.version, statement.version));
  }
  if (statement.counter < floor) {
    return fail(
        ErrorCode::denied,
        fmt::format("older than what ran here: its signed counter is {}, this device has committed {}; "
                    "`stratus deploy {}:{} --sign-key FILE` signs it anew",
                    statement.counter, floor, name, next.version));
  }
  return statement;
}

}  // namespace stratus::update
