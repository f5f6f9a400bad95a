#include "stratus/crypto/release_verifier.hpp"

#include <algorithm>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"

namespace stratus::crypto {

namespace json = boost::json;

namespace {

constexpr const char* kType = "cosign container image signature";
constexpr std::size_t kMaxName = 512;

class PinnedKeyVerifier : public ReleaseVerifier {
 public:
  explicit PinnedKeyVerifier(std::vector<PublicKey> keys) {
    for (PublicKey& key : keys) keys_.emplace_back(key.id(), std::move(key));
  }

  Result<ReleaseStatement> verify(std::string_view name, const Digest& manifest,
                                  std::span<const StatementSignature> signatures) const override {
    const std::string what = fmt::format("'{}' ({})", name, manifest.short_hex());
    if (keys_.empty()) return fail(ErrorCode::denied, fmt::format("{}: no release key is pinned here", what));
    if (signatures.empty()) return fail(ErrorCode::denied, fmt::format("{} is not signed", what));
    std::string reason;
    std::optional<ReleaseStatement> best;
    for (const StatementSignature& signature : signatures) {
      Result<ReleaseStatement> checked = check(name, manifest, signature);
      if (!checked) {
        if (reason.size() < 500) reason += (reason.empty() ? "" : "; ") + checked.error().text();
      } else if (!best || checked->counter > best->counter) {
        best = std::move(*checked);
      }
    }
    if (best) return std::move(*best);
    return fail(ErrorCode::denied, fmt::format("{} has no valid signature: {}", what, reason));
  }

 private:
  Result<ReleaseStatement> check(std::string_view name, const Digest& manifest,
                                 const StatementSignature& signature) const {
    // The signature comes first: nothing is read from bytes that nobody trusted has signed.
    const auto key = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const auto& entry) { return entry.first == signature.key_id; });
    if (key == keys_.end()) {
      return fail(ErrorCode::denied,
                  fmt::format("signed by key {}, which is not pinned here", signature.key_id.substr(0, 12)));
    }
    STRATUS_CHECK(key->second.verify(as_bytes(signature.payload), signature.signature));
    STRATUS_TRY(statement, parse_statement(signature.payload));
    if (statement.manifest != manifest) {
      return fail(ErrorCode::denied, fmt::format("the signature is for manifest {}, not for this one",
                                                 statement.manifest.short_hex()));
    }
    if (statement.name != name) {
      return fail(ErrorCode::denied,
                  fmt::format("the signature is for '{}', not for this name", statement.name));
    }
    return statement;
  }

  std::vector<std::pair<std::string, PublicKey>> keys_;
};

const json::value& member(const json::value& value, std::string_view key) {
  static const json::value nothing;
  const json::object* const object = value.if_object();
  const json::value* const found = object != nullptr ? object->if_contains(key) : nullptr;
  return found != nullptr ? *found : nothing;
}

}  // namespace

std::string encode_statement(const ReleaseStatement& statement) {
  json::object identity, image, critical, optional, whole;
  identity["docker-reference"] = statement.name;
  image["docker-manifest-digest"] = statement.manifest.text();
  critical["identity"] = std::move(identity);
  critical["image"] = std::move(image);
  critical["type"] = kType;
  optional["counter"] = statement.counter;
  optional["version"] = statement.version;
  whole["critical"] = std::move(critical);
  whole["optional"] = std::move(optional);
  return json::serialize(whole);
}

Result<ReleaseStatement> parse_statement(std::string_view payload) {
  STRATUS_TRY(value, parse_json(payload, ReleaseStatement::kMaxEncoded).with_context("signed statement"));
  const json::value& critical = member(value, "critical");
  ObjectReader top(critical, "critical");
  ObjectReader identity(member(critical, "identity"), "critical.identity");
  ObjectReader image(member(critical, "image"), "critical.image");
  ReleaseStatement statement;
  if (top.text("type", 100) != kType) top.reject("type", fmt::format("not '{}'", kType));
  statement.name = identity.text("docker-reference", kMaxName);
  statement.manifest = image.digest("docker-manifest-digest");
  STRATUS_CHECK(top.done().with_context("signed statement"));
  STRATUS_CHECK(identity.done().with_context("signed statement"));
  STRATUS_CHECK(image.done().with_context("signed statement"));
  // Other signers may leave `optional` out or put anything in it.
  if (const json::value& optional = member(value, "optional"); optional.is_object()) {
    ObjectReader extra(optional, "optional");
    statement.version = extra.optional_text("version", 200);
    const bool counts = optional.get_object().contains("counter");
    if (counts) {
      statement.counter = extra.number("counter");
      if (statement.counter > ReleaseStatement::kMaxCounter) extra.reject("counter", "more than 2^53 - 1");
    } else if (const json::value& created = member(optional, "created"); created.is_int64()) {
      const std::int64_t seconds = created.get_int64();
      constexpr std::int64_t kYear9999 = 253'402'300'799;  // anything else is no time
      if (seconds > 0 && seconds <= kYear9999) statement.counter = static_cast<std::uint64_t>(seconds);
    }
    STRATUS_CHECK(extra.done().with_context("signed statement"));
  }
  return statement;
}

std::uint64_t next_counter(std::int64_t now_s, std::uint64_t newest) {
  const std::uint64_t now = now_s > 0 ? static_cast<std::uint64_t>(now_s) : 1;
  return std::min(std::max(now, newest + 1), ReleaseStatement::kMaxCounter);
}

Result<StatementSignature> sign_statement(const ReleaseStatement& statement, const SigningKey& key) {
  StatementSignature out;
  out.key_id = key.public_key().id();
  out.payload = encode_statement(statement);
  STRATUS_TRY(signature, key.sign(as_bytes(out.payload)));
  out.signature = std::move(signature);
  return out;
}

std::unique_ptr<ReleaseVerifier> make_pinned_key_verifier(std::vector<PublicKey> keys) {
  return std::make_unique<PinnedKeyVerifier>(std::move(keys));
}

}  // namespace stratus::crypto
