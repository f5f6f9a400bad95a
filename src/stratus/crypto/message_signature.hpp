// Detached signatures over what a device says, so that a gateway that passes it on cannot invent a success.
// Format and reasons: docs/formats/identity.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/crypto/key.hpp"

namespace stratus::crypto {

inline constexpr std::string_view kSignatureHeader = "Stratus-Signature";

// What is signed besides the body, so that no message can be taken for another device's or another kind's.
struct MessageContext {
  std::string_view device;
  std::string_view kind;      // "report", "data", … : 1 to 32 of a-z 0-9 - /
  std::uint64_t counter = 0;  // never goes back within a kind; the server refuses repeats by it
};

struct MessageSignature {
  std::string key_id;  // first 16 hex digits of PublicKey::id(): which of the device's keys
  std::uint64_t counter = 0;
  Bytes signature;  // DER
};

// "v1;key=0123456789abcdef;counter=7;sig=BASE64", at most 256 bytes: the field's value.
Result<std::string> sign_message(const SigningKey& key, const MessageContext& context, std::string_view body);
// `invalid` for anything but that form.
Result<MessageSignature> parse_message_signature(std::string_view text);
// `denied` unless `key` signed this body in this context.
Result<void> verify_message(const PublicKey& key, const MessageContext& context, std::string_view body,
                            BytesView signature);

}  // namespace stratus::crypto
