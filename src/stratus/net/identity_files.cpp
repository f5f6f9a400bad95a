#include "stratus/net/identity_files.hpp"

#include <algorithm>
#include <vector>

#include <boost/json.hpp>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/json.hpp"
#include "stratus/crypto/certificate_authority.hpp"

namespace stratus::net {
namespace {

constexpr std::uint64_t kMaxFile = 256u << 10;

bool is_there(const std::filesystem::path& path) { return ::access(path.c_str(), F_OK) == 0; }

// Whether one of `trusted` vouches for the answer's certificate; the answer's root may be a link between.
bool is_vouched_for(const wire::EnrolAnswer& answer, const std::vector<std::string>& trusted) {
  return std::any_of(trusted.begin(), trusted.end(), [&answer](const std::string& root) {
    return crypto::check_chain(answer.certificate, answer.chain, root) ||
           crypto::check_chain(answer.certificate, answer.chain + answer.root, root);
  });
}

WallTime from_ms(std::uint64_t ms) { return WallTime(Millis(static_cast<std::int64_t>(ms))); }

}  // namespace

Result<std::optional<OwnIdentity>> IdentityFiles::load() const {
  const auto file = directory_ / "identity.pem", note = directory_ / "identity.json";
  if (!is_there(file)) return std::optional<OwnIdentity>();
  STRATUS_TRY(pem, read_file(file, kMaxFile));
  STRATUS_TRY(key, crypto::SigningKey::from_pem(pem).with_context(file.string()));
  const auto certificates = crypto::split_certificates(pem);
  if (certificates.empty()) return fail(ErrorCode::corrupt, file.string() + " holds no certificate");
  STRATUS_TRY(info, crypto::parse_certificate(certificates.front()).with_context(file.string()));
  if (info.key_id != key.public_key().id()) {
    return fail(ErrorCode::corrupt, file.string() + ": the key does not belong to the certificate");
  }
  OwnIdentity own{info.common_name,
                  std::string(crypto::name_of(info.kind)),
                  "",
                  file,
                  directory_ / "trust.pem",
                  std::move(key),
                  certificates.front(),
                  info.not_after,
                  {}};
  // Only comfort: without the note the certificate itself says enough.
  own.renew_after = info.not_before + (info.not_after - info.not_before) * 2 / 3;
  const auto text = read_file(note, kMaxFile);
  const auto value = text ? parse_json(*text, kMaxFile) : Result<boost::json::value>(fail(text.error()));
  if (value) {
    ObjectReader reader(*value, "");
    own.server = reader.optional_text("server", 2048);
    const std::string serial = reader.optional_text("serial", 64);
    const WallTime renew_after = from_ms(reader.optional_number("renew_after_ms", 0));
    if (reader.done() && serial == info.serial && renew_after < own.not_after) own.renew_after = renew_after;
  }
  return own;
}

Result<crypto::SigningKey> IdentityFiles::next_key() const {
  const auto file = directory_ / "next.key";
  if (is_there(file)) return crypto::SigningKey::load(file);
  STRATUS_CHECK(make_directories(directory_));
  STRATUS_TRY(fresh, crypto::SigningKey::generate());
  STRATUS_CHECK(write_file_atomically(file, fresh.pem(), 0600));
  return fresh;
}

Result<OwnIdentity> IdentityFiles::accept(const wire::EnrolAnswer& answer, const std::string& server,
                                          const std::string& trust) const {
  STRATUS_TRY(key, next_key());
  STRATUS_TRY(info, crypto::parse_certificate(answer.certificate).with_context("the server's answer"));
  if (info.key_id != key.public_key().id() || info.common_name != answer.device) {
    return fail(ErrorCode::corrupt, "the server's certificate is not for this device and its key");
  }
  // What is written is what was checked: OpenSSL takes certificates by other labels too, which we do not see.
  const std::vector<std::string> roots = crypto::split_certificates(answer.root);
  if (roots.size() != 1) return fail(ErrorCode::corrupt, "the server's answer must bring one root");
  STRATUS_CHECK(crypto::check_chain(answer.certificate, answer.chain, roots.front()));
  STRATUS_CHECK(make_directories(directory_));
  STRATUS_CHECK(write_file_atomically(directory_ / "trust.pem", roots.front() + trust, 0644));
  const boost::json::object note{{"server", server},      {"device", answer.device},
                                 {"serial", info.serial}, {"region", answer.region},
                                 {"group", answer.group}, {"renew_after_ms", answer.renew_after_ms}};
  STRATUS_CHECK(write_file_atomically(directory_ / "identity.json", boost::json::serialize(note), 0644));
  STRATUS_CHECK(write_file_atomically(directory_ / "identity.pem",
                                      key.pem() + answer.certificate + answer.chain, 0600));
  (void)::unlink((directory_ / "next.key").c_str());
  STRATUS_TRY(own, load());
  return *own;
}

Result<OwnIdentity> IdentityFiles::accept_renewal(const wire::EnrolAnswer& answer,
                                                  const OwnIdentity& present) const {
  STRATUS_TRY(trust, read_file(present.trust, kMaxFile));
  const std::vector<std::string> brought = crypto::split_certificates(answer.root);
  const std::size_t known = brought.size() == 1 ? trust.find(brought.front()) : std::string::npos;
  if (known == std::string::npos &&
      (brought.size() != 1 || !is_vouched_for(answer, crypto::split_certificates(trust)))) {
    return fail(ErrorCode::denied,
                "the renewed certificate comes with a root that nothing trusted here vouches for; whoever "
                "means it enrols this device anew");
  }
  // The root stands first and once; all else stays, whatever it is.
  if (known != std::string::npos) trust.erase(known, brought.front().size());
  return accept(answer, present.server, trust);
}

Result<std::filesystem::path> IdentityFiles::trust_with(const std::filesystem::path& more) const {
  const auto own = directory_ / "trust.pem";
  if (more.empty()) return own;
  STRATUS_TRY(first, read_file(own, kMaxFile));
  STRATUS_TRY(second, read_file(more, kMaxFile));
  const auto both = directory_ / "trust-with-configured.pem";
  STRATUS_CHECK(write_file_atomically(both, first + second, 0644));
  return both;
}

}  // namespace stratus::net
