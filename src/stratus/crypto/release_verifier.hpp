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
  std::string name;     // critical.identity.docker-reference
  Digest manifest;      // critical.image.docker-manifest-digest
  std::string version;  // optional.version
  // optional.counter: which of two signed releases of a name is the newer one (docs/adr/0006). Seconds since
  // 1970 at signing, or one more than the newest before it. Who runs a release refuses lower ones. 0: signed
  // by somebody who counts nothing. Read from optional.created too, which older signers wrote in its place.
  std::uint64_t counter = 0;

  static constexpr std::size_t kMaxEncoded = 4096;  // bytes
  static constexpr std::uint64_t kMaxCounter = (1ull << 53) - 1;
};
// The counter to sign with at `now_s` (seconds since 1970) when `newest` is the highest that is known.
std::uint64_t next_counter(std::int64_t now_s, std::uint64_t newest);

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
  // Of the signatures that prove `manifest` to be a release of `name`, the statement with the highest
  // counter: an image is signed anew when it is to run again after a newer one. Otherwise `denied` with the
  // reason: unsigned, signed by unknown keys only, for another manifest or name, or a bad signature.
  virtual Result<ReleaseStatement> verify(std::string_view name, const Digest& manifest,
                                          std::span<const StatementSignature> signatures) const = 0;
};

// Trusts exactly these keys, for every name.
std::unique_ptr<ReleaseVerifier> make_pinned_key_verifier(std::vector<PublicKey> keys);

}  // namespace stratus::crypto
