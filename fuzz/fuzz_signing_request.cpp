// Signing requests, certificates, revocation lists and message signatures: no crash; what is accepted as a
// request names a key that a certificate can be made for.
#include <cstdlib>

#include "stratus/crypto/certificate_authority.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/crypto/signing_request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto request = crypto::parse_signing_request(text)) {
    if (request->common_name.size() > 64) std::abort();
    const auto again = crypto::PublicKey::from_der(request->key.der());
    if (!again || again->id() != request->key.id()) std::abort();
  }
  (void)crypto::parse_certificate(text);
  (void)crypto::parse_certificate_der(BytesView(data, size));
  (void)crypto::split_certificates(text);
  (void)crypto::read_revocation_list_times(text);
  if (const auto signature = crypto::parse_message_signature(text)) {
    if (signature->signature.empty() || signature->key_id.size() != 16) std::abort();
  }
  return 0;
}
