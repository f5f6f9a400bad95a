#include "stratus/cli/key.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/key.hpp"

namespace stratus::cli {

Result<void> generate_key(const std::filesystem::path& directory, const CommonOptions& common) {
  const auto secret = directory / "release.key", open = directory / "release.pub";
  for (const auto& file : {secret, open}) {
    if (::access(file.c_str(), F_OK) == 0) {
      return fail(ErrorCode::conflict,
                  fmt::format("{} is there already; a key is never overwritten: choose another directory",
                              file.string()));
    }
  }
  STRATUS_CHECK(make_directories(directory));
  STRATUS_TRY(key, crypto::SigningKey::generate());
  STRATUS_CHECK(key.save(secret));
  STRATUS_CHECK(write_file_atomically(open, key.public_key().pem(), 0644));
  const std::string id = key.public_key().id();
  say(common,
      fmt::format("Signing key {} made.\n  {}  keep it offline; `stratus publish --sign-key` reads it\n"
                  "  {}  give it to every device",
                  id.substr(0, 12), secret.string(), open.string()));
  print_json(common, boost::json::serialize(boost::json::object{
                         {"key_id", id}, {"private", secret.string()}, {"public", open.string()}}));
  return {};
}

}  // namespace stratus::cli
