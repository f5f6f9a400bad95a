// The one credential of this stage: a token in DATA/admin.token (0600, made at first start). Whoever has it
// may write; device identities and roles come later.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::server {

class AdminToken {
 public:
  // Reads the file, or makes it with 256 random bits.
  static Result<AdminToken> load_or_make(const std::filesystem::path& path);
  explicit AdminToken(std::string token) : token_(std::move(token)) {}

  // Of an Authorization field: "Bearer TOKEN", or "Basic" with any user and the token as password. Takes the
  // same time wherever a wrong token differs.
  bool matches(std::optional<std::string_view> authorization) const;

 private:
  std::string token_;
};

}  // namespace stratus::server
