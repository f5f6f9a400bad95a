#include "stratus/crypto/message_signature.hpp"

#include <charconv>

#include <fmt/format.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::crypto {
namespace {

constexpr std::size_t kKeyDigits = 16;
constexpr std::size_t kMaxText = 256;

// One line a field, none of which can hold a line end; the body by its digest, so the text is short.
std::string signed_text(const MessageContext& context, std::string_view body) {
  return fmt::format("stratus-message-v1\n{}\n{}\n{}\n{}\n", context.device, context.kind, context.counter,
                     sha256(body).hex());
}

bool is_kind(std::string_view kind) {
  return !kind.empty() && kind.size() <= 32 &&
         kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-/") == std::string_view::npos;
}

// The text between `name` and the next ';' (or the end), which it removes from `rest`.
bool take(std::string_view& rest, std::string_view name, std::string_view& value) {
  if (!rest.starts_with(name)) return false;
  rest.remove_prefix(name.size());
  const std::size_t end = rest.find(';');
  value = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return true;
}

}  // namespace

Result<std::string> sign_message(const SigningKey& key, const MessageContext& context,
                                 std::string_view body) {
  if (!is_kind(context.kind) || context.device.find('\n') != std::string_view::npos) {
    return fail(ErrorCode::invalid, "not the name of a kind of message");
  }
  const std::string text = signed_text(context, body);
  STRATUS_TRY(signature, key.sign(as_bytes(text)));
  return fmt::format("v1;key={};counter={};sig={}", key.public_key().id().substr(0, kKeyDigits),
                     context.counter, to_base64(signature));
}

Result<MessageSignature> parse_message_signature(std::string_view text) {
  MessageSignature out;
  std::string_view rest = text, version, key, counter, signature;
  const bool split = text.size() <= kMaxText && take(rest, "v1", version) && version.empty() &&
                     take(rest, "key=", key) && take(rest, "counter=", counter) &&
                     take(rest, "sig=", signature) && rest.empty();
  if (!split || key.size() != kKeyDigits || !from_hex(key)) {
    return fail(ErrorCode::invalid, "a signature reads v1;key=16 hex digits;counter=N;sig=BASE64");
  }
  const char* const end = counter.data() + counter.size();
  const auto [stop, error] = std::from_chars(counter.data(), end, out.counter);
  const bool canonical = error == std::errc() && stop == end && std::to_string(out.counter) == counter;
  const auto bytes = from_base64(signature);
  if (!canonical || !bytes || bytes->empty() || bytes->size() > 72) {
    return fail(ErrorCode::invalid, "the counter or the signature of a message does not parse");
  }
  out.key_id = key;
  out.signature = *bytes;
  return out;
}

Result<void> verify_message(const PublicKey& key, const MessageContext& context, std::string_view body,
                            BytesView signature) {
  if (!is_kind(context.kind)) return fail(ErrorCode::denied, "not the name of a kind of message");
  const std::string text = signed_text(context, body);
  return key.verify(as_bytes(text), signature);
}

}  // namespace stratus::crypto
