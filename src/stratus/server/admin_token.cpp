#include "stratus/server/admin_token.hpp"

#include "stratus/base/file.hpp"
#include "stratus/base/random.hpp"
#include "stratus/crypto/sha256.hpp"

namespace stratus::server {
namespace {

bool starts_with_scheme(std::string_view field, std::string_view scheme) {
  if (field.size() <= scheme.size() || field[scheme.size()] != ' ') return false;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    if ((field[i] | 0x20) != scheme[i]) return false;
  }
  return true;
}

}  // namespace

Result<AdminToken> AdminToken::load_or_make(const std::filesystem::path& path) {
  auto text = read_file(path, 4096);
  if (!text && text.error().code() == ErrorCode::not_found) {
    const std::string token = random_hex(32);
    STRATUS_CHECK(write_file_atomically(path, token + "\n", 0600));
    return AdminToken(token);
  }
  if (!text) return forward_error(std::move(text));
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ' || text->back() == '\r'))
    text->pop_back();
  if (text->size() < 16) {
    return fail(ErrorCode::invalid, path.string() +
                                        " holds no token of at least 16 characters; remove the file to "
                                        "have a new one made");
  }
  return AdminToken(std::move(*text));
}

std::string secret_of_authorization(std::string_view field) {
  if (starts_with_scheme(field, "bearer")) return std::string(field.substr(7));
  if (!starts_with_scheme(field, "basic")) return {};
  const auto decoded = from_base64(field.substr(6));
  if (!decoded) return {};
  const std::string_view pair = as_text(*decoded);
  const std::size_t colon = pair.find(':');
  return colon == std::string_view::npos ? std::string() : std::string(pair.substr(colon + 1));
}

bool AdminToken::matches(std::optional<std::string_view> authorization) const {
  if (!authorization) return false;
  const std::string given = secret_of_authorization(*authorization);
  // Digests instead of texts: comparing them early tells nothing about the token.
  return !given.empty() && sha256(given) == sha256(token_);
}

}  // namespace stratus::server
