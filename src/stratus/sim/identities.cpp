#include "stratus/sim/identities.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/certificate_info.hpp"

namespace stratus::sim {

namespace {

// Whole or not at all, though not yet on the disk.
Result<void> put_file(const std::filesystem::path& path, std::string_view text, int mode) {
  const std::filesystem::path fresh = path.string() + ".new";
  {
    STRATUS_TRY(file, open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC, mode));
    STRATUS_CHECK(pwrite_all(file.get(), as_bytes(text), 0));
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return fail(Error::from_errno("rename " + path.string()));
  return {};
}

}  // namespace

Result<Identities> Identities::open(std::filesystem::path directory) {
  STRATUS_CHECK(make_directories(directory));
  return Identities(std::move(directory));
}

std::filesystem::path Identities::file_of(const std::string& device) const {
  return directory_ / (device + ".pem");
}

bool Identities::has(const std::string& device) const { return ::access(file_of(device).c_str(), R_OK) == 0; }

Result<void> Identities::keep(const std::string& device, const crypto::SigningKey& key,
                              const wire::EnrolAnswer& answer) const {
  STRATUS_TRY(info, crypto::parse_certificate(answer.certificate).with_context("the server's answer"));
  if (answer.device != device || info.common_name != device || info.key_id != key.public_key().id())
    return fail(ErrorCode::corrupt, "the server's certificate is not for " + device + " and its key");
  if (::access(trust_file().c_str(), R_OK) != 0) STRATUS_CHECK(put_file(trust_file(), answer.root, 0644));
  return put_file(file_of(device), key.pem() + answer.certificate + answer.chain, 0600);
}

Result<Identities::Loaded> Identities::load(const std::string& device,
                                            const net::TlsIdentity* sibling) const {
  STRATUS_TRY(pem, read_file(file_of(device), 256u << 10));
  STRATUS_TRY(key, crypto::SigningKey::from_pem(pem).with_context(file_of(device).string()));
  STRATUS_TRY(identity, net::TlsIdentity::make(pem, key, sibling).with_context(file_of(device).string()));
  return Loaded{std::move(identity), std::move(key)};
}

std::string Identities::load_flash(const std::string& device) const {
  const auto text = read_file(directory_ / (device + ".json"), 256u << 10);
  return text ? *text : std::string();
}

Result<void> Identities::keep_flash(const std::string& device, std::string_view text) const {
  return put_file(directory_ / (device + ".json"), text, 0644);
}

}  // namespace stratus::sim
