// The administrator's own token, in DATA/admin.token (0600, made at first start): for the first steps, and
// for letting others in again when no user can.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::server {

// What an Authorization field says: of "Bearer SECRET", or of "Basic" with any user and the secret as
// password; "" of anything else.
std::string secret_of_authorization(std::string_view field);

class AdminToken {
 public:
  // Reads the file, or makes it with 256 random bits.
  static Result<AdminToken> load_or_make(const std::filesystem::path& path);
  explicit AdminToken(std::string token) : token_(std::move(token)) {}

  // Of an Authorization field. Takes the same time wherever a wrong token differs.
  bool matches(std::optional<std::string_view> authorization) const;

 private:
  std::string token_;
};

}  // namespace stratus::server
