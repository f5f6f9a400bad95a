// Release signatures: who vouches that a manifest is a version of a name (docs/formats/image.md,
// "Signature").
//
// What is signed is a small JSON text in the "simple signing" form that container tools know. The port
// ReleaseVerifier is what a device asks before it unpacks anything; the pinned-key verifier is the first
// implementation, full TUF metadata the next. Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/bytes.hpp"
#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/crypto/key.hpp"

namespace stratus::crypto {

struct ReleaseStatement {
  std::string name;            // critical.identity.docker-reference
  Digest manifest;             // critical.image.docker-manifest-digest
  std::string version;         // optional.version
  std::int64_t created_s = 0;  // optional.created, seconds since 1970; for people

  static constexpr std::size_t kMaxEncoded = 4096;  // bytes
};
// One spelling: the same statement always gives the same bytes.
std::string encode_statement(const ReleaseStatement& statement);
Result<ReleaseStatement> parse_statement(std::string_view payload);

struct StatementSignature {
  std::string key_id;  // a hint which pinned key to try; proves nothing
  std::string payload;
  Bytes signature;
};
Result<StatementSignature> sign_statement(const ReleaseStatement& statement, const SigningKey& key);

class ReleaseVerifier {
 public:
  virtual ~ReleaseVerifier() = default;
  // The statement of the first signature that proves `manifest` to be a release of `name`. Otherwise `denied`
  // with the reason: unsigned, signed by unknown keys only, for another manifest or name, or a bad signature.
  virtual Result<ReleaseStatement> verify(std::string_view name, const Digest& manifest,
                                          std::span<const StatementSignature> signatures) const = 0;
};

// Trusts exactly these keys, for every name.
std::unique_ptr<ReleaseVerifier> make_pinned_key_verifier(std::vector<PublicKey> keys);

}  // namespace stratus::crypto
