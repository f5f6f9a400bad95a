#include "stratus/server/ca_command.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/certificate_authority.hpp"
#include "stratus/crypto/key.hpp"
#include "stratus/db/database.hpp"
#include "stratus/server/revocation_list.hpp"

namespace stratus::server {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::uint64_t kMaxFile = 64u << 20;  // a revocation list of a large fleet
constexpr std::chrono::days kSoon{180};        // an intermediate that ends within this should be renewed

bool is_there(const fs::path& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<crypto::CertificateInfo> certificate_in(const fs::path& file) {
  STRATUS_TRY(pem, read_file(file, kMaxFile));
  return crypto::parse_certificate(pem).with_context(file.string());
}

Result<fs::path> directory_of(const fs::path& data) {
  fs::path directory = data / "ca";
  if (!is_there(directory / "root.pem"))
    return fail(ErrorCode::not_found,
                directory.string() + " holds no authority; the server makes one at its first start");
  return directory;
}

// The key in PEM, when it is this root's.
Result<std::string> root_key_in(const fs::path& file, const fs::path& directory) {
  STRATUS_TRY(root, certificate_in(directory / "root.pem"));
  STRATUS_TRY(pem, read_file(file, 64u << 10));
  STRATUS_TRY(key, crypto::SigningKey::from_pem(pem).with_context(file.string()));
  if (key.public_key().id() != root.key_id)
    return fail(ErrorCode::conflict, file.string() + " is not the key of this root");
  return std::move(pem);
}

json::object describe(const crypto::CertificateInfo& info) {
  return {{"subject", info.common_name},
          {"serial", info.serial},
          {"fingerprint", info.fingerprint},
          {"not_before", format_time(info.not_before)},
          {"not_after", format_time(info.not_after)}};
}

// What somebody should do, most urgent first.
std::vector<std::string> advice(const crypto::CertificateInfo& intermediate, bool root_key_here,
                                const std::optional<crypto::RevocationListTimes>& list, WallTime now) {
  std::vector<std::string> lines;
  if (list) {
    const auto age = crypto::judge_revocation_list(list->this_update, list->next_update, now);
    if (age.expired) {
      lines.emplace_back("the revocation list has expired, brokers refuse every device: start the server");
    } else if (age.alarm) {
      lines.emplace_back("the revocation list is overdue: start the server, or look at its /healthz");
    }
  } else {
    lines.emplace_back("there is no revocation list yet: start the server");
  }
  if (intermediate.not_after - kSoon < now)
    lines.push_back(fmt::format("the intermediate ends on {}: stop the server, then ca renew{}",
                                format_time(intermediate.not_after),
                                root_key_here ? "" : " --root-key FILE"));
  if (root_key_here) lines.emplace_back("the root key is on this machine: ca offline --to FILE");
  return lines;
}

}  // namespace

Result<std::string> describe_ca(const fs::path& data, WallTime now, bool as_json) {
  STRATUS_TRY(directory, directory_of(data));
  STRATUS_TRY(root, certificate_in(directory / "root.pem"));
  STRATUS_TRY(intermediate, certificate_in(directory / "intermediate.pem"));
  const bool root_key_here = is_there(directory / "root.key");
  std::optional<crypto::RevocationListTimes> list;
  std::size_t entries = 0;
  if (is_there(directory / "crl.pem")) {
    STRATUS_TRY(pem, read_file(directory / "crl.pem", kMaxFile));
    STRATUS_TRY(issuer, read_file(directory / "intermediate.pem", kMaxFile));
    STRATUS_TRY(times, crypto::read_revocation_list_times(pem));
    STRATUS_TRY(serials, crypto::read_revocation_list(pem, issuer));
    list = times;
    entries = serials.size();
  }
  const std::vector<std::string> todo = advice(intermediate, root_key_here, list, now);
  if (as_json) {
    json::object out{{"root", describe(root)},
                     {"intermediate", describe(intermediate)},
                     {"root_key_online", root_key_here},
                     {"advice", json::array(todo.begin(), todo.end())}};
    if (list) {
      out["revocation_list"] = json::object{{"this_update", format_time(list->this_update)},
                                            {"next_update", format_time(list->next_update)},
                                            {"entries", entries}};
    }
    return json::serialize(out) + "\n";
  }
  std::string text =
      fmt::format("root          {}  until {}\n  sha256 {}\nroot key      {}\nintermediate  {}  until {}\n",
                  root.common_name, format_time(root.not_after), root.fingerprint,
                  root_key_here ? "on this machine" : "away", intermediate.common_name,
                  format_time(intermediate.not_after));
  if (list) {
    text += fmt::format("revoked       {} certificates, list of {} good until {}\n", entries,
                        format_time(list->this_update), format_time(list->next_update));
  }
  for (const std::string& line : todo) text += "! " + line + "\n";
  return text;
}

Result<std::string> sign_revocation_list(const fs::path& data, const std::string& database,
                                         const IdentityConfig& config, WallTime now) {
  STRATUS_TRY(directory, directory_of(data));
  const std::string url = database.empty() ? (data / "catalogue.db").string() : database;
  // Opening would make an empty one, and the list would let everybody in again.
  if (database.empty() && !is_there(url))
    return fail(ErrorCode::not_found, url + " is not there; name the server's database with --database");
  db::DatabaseOptions options;
  options.migrate = false;
  STRATUS_TRY(opened, db::Database::open(url, options));
  STRATUS_TRY(authority, crypto::CertificateAuthority::open_or_make(directory, {.now = now}));
  STRATUS_TRY(list, write_revocation_list(authority, *opened, directory, config, now));
  STRATUS_TRY(times, crypto::read_revocation_list_times(list));
  return fmt::format(
      "{} is good until {}\nA broker of your own reads it again on SIGHUP; a running stratus-server does so "
      "by "
      "itself within a quarter of the list's life.\n",
      (directory / "crl.pem").string(), format_time(times.next_update));
}

Result<std::string> export_root(const fs::path& data) {
  STRATUS_TRY(directory, directory_of(data));
  return read_file(directory / "root.pem", kMaxFile);
}

Result<void> take_root_key_away(const fs::path& data, const fs::path& file) {
  STRATUS_TRY(directory, directory_of(data));
  const fs::path key = directory / "root.key";
  if (!is_there(key)) return fail(ErrorCode::not_found, "the root key is away already");
  if (is_there(file)) return fail(ErrorCode::conflict, file.string() + " exists; it is not replaced");
  std::error_code error;
  const fs::path inside = fs::weakly_canonical(data, error);
  const fs::path to = fs::weakly_canonical(file, error);
  const auto [end, unused] = std::mismatch(inside.begin(), inside.end(), to.begin(), to.end());
  if (end == inside.end())
    return fail(ErrorCode::invalid, file.string() + " is below " + data.string() + ", that is not away");
  STRATUS_TRY(pem, root_key_in(key, directory));
  STRATUS_CHECK(write_file_atomically(file, pem, 0600));
  STRATUS_CHECK(root_key_in(file, directory).with_context("the copy"));
  if (::unlink(key.c_str()) != 0) return fail(Error::from_errno("remove " + key.string()));
  return {};
}

Result<void> bring_root_key_back(const fs::path& data, const fs::path& file) {
  STRATUS_TRY(directory, directory_of(data));
  const fs::path key = directory / "root.key";
  if (is_there(key)) return fail(ErrorCode::conflict, "a root key is there already");
  STRATUS_TRY(pem, root_key_in(file, directory));
  return write_file_atomically(key, pem, 0600);
}

Result<void> renew_intermediate(const fs::path& data, const fs::path& root_key, WallTime now) {
  STRATUS_TRY(directory, directory_of(data));
  STRATUS_TRY(lock, open_file(data / "lock", O_RDWR | O_CREAT, 0600));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::conflict, "the server is running: stop it, it would go on with the old one");
  const fs::path key = directory / "root.key", file = directory / "intermediate.pem";
  if (!root_key.empty()) STRATUS_CHECK(bring_root_key_back(data, root_key));
  if (!is_there(key)) return fail(ErrorCode::not_found, "the root key is away: --root-key FILE");
  STRATUS_TRY(old, read_file(file, kMaxFile));
  // What is missing is made; when that fails, the old one is put back.
  if (::unlink(file.c_str()) != 0) return fail(Error::from_errno("remove " + file.string()));
  crypto::AuthorityOptions options;
  options.now = now;
  const auto made = crypto::CertificateAuthority::open_or_make(directory, options);
  if (!made) STRATUS_CHECK(write_file_atomically(file, old, 0644));
  if (!root_key.empty() && ::unlink(key.c_str()) != 0)
    return fail(Error::from_errno("the root key is still in " + key.string()));
  if (!made) return fail(made.error());
  return {};
}

}  // namespace stratus::server
