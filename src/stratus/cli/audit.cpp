#include "stratus/cli/audit.hpp"

#include <charconv>
#include <cstdio>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "stratus/base/file.hpp"
#include "stratus/base/json.hpp"
#include "stratus/cli/server_connection.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/wire/audit_entry.hpp"

namespace stratus::cli {

namespace json = boost::json;

namespace {

struct KnownHead {
  std::int64_t sequence = 0;  // 0: none was given
  std::string hash;
};

Result<KnownHead> parse_head(const std::string& text) {
  if (text.empty()) return KnownHead();
  KnownHead head;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), head.sequence);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || head.sequence < 1 || digits >= text.size() || text[digits] != ':' ||
      text.size() - digits - 1 != 64) {
    return fail(ErrorCode::invalid,
                "--head " + text + ": not SEQUENCE:HASH as `stratus audit verify` prints it");
  }
  head.hash = text.substr(digits + 1);
  return head;
}

// Takes an export in pieces of any size.
class Verifier {
 public:
  explicit Verifier(KnownHead known)
      : known_(std::move(known)), chain_([](std::string_view text) { return sha256(text).hex(); }) {}

  Result<void> take(BytesView piece) {
    rest_ += as_text(piece);
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      STRATUS_CHECK(take_line(std::string_view(rest_).substr(begin, end - begin)));
    }
    rest_.erase(0, begin);
    if (rest_.size() <= wire::AuditEntry::kMaxEncoded) return {};
    return fail(ErrorCode::corrupt, fmt::format("entry {}: its line does not end", chain_.sequence() + 1));
  }

  Result<void> finish() {
    if (!rest_.empty())
      return fail(ErrorCode::corrupt, fmt::format("entry {}: its line is torn", chain_.sequence() + 1));
    if (chain_.sequence() < known_.sequence) {
      return fail(ErrorCode::corrupt, fmt::format("entry {}: the log ends before it, entry {} was there once",
                                                  chain_.sequence() + 1, known_.sequence));
    }
    return {};
  }
  const wire::AuditChain& chain() const { return chain_; }

 private:
  Result<void> take_line(std::string_view line) {
    auto entry = wire::parse_audit_entry(line);
    if (!entry) {
      return fail(ErrorCode::corrupt, fmt::format("entry {}: its line does not parse: {}",
                                                  chain_.sequence() + 1, entry.error().text()));
    }
    STRATUS_CHECK(chain_.add(*entry));
    if (entry->sequence == known_.sequence && entry->hash != known_.hash)
      return fail(ErrorCode::corrupt,
                  fmt::format("entry {}: is not the one that was noted", entry->sequence));
    return {};
  }

  KnownHead known_;
  wire::AuditChain chain_;
  std::string rest_;
};

Result<void> verify_file(const std::filesystem::path& file, Verifier& verifier) {
  STRATUS_TRY(fd, open_file(file, O_RDONLY | O_CLOEXEC));
  Bytes piece(64u << 10);
  for (;;) {
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0) return fail(Error::from_errno("read " + file.string()));
    if (got == 0) return {};
    STRATUS_CHECK(verifier.take(BytesView(piece).first(static_cast<std::size_t>(got))));
  }
}

// What the server says about its own database: the export cannot show entries cut off its end.
Result<void> ask_server(ServerConnection& server) {
  Request request;
  request.path = "/api/v1/audit/verification";
  STRATUS_TRY(answer, server.expect_success(request));
  STRATUS_TRY(value, parse_json(answer.body, kMaxAnswer));
  const json::object* const object = value.if_object();
  const json::value* const sound = object == nullptr ? nullptr : object->if_contains("sound");
  if (sound != nullptr && sound->is_bool() && sound->get_bool()) return {};
  ObjectReader reader(value, "");
  const std::string problem = reader.optional_text("problem", 1000);
  return fail(ErrorCode::corrupt, problem.empty() ? "the server's own check failed" : problem);
}

}  // namespace

Result<void> list_audit(const AuditListOptions& options, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  Request request;
  request.path = fmt::format("/api/v1/audit?limit={}&actor={}&action={}&object={}", options.limit,
                             net::percent_encode(options.actor), net::percent_encode(options.action),
                             net::percent_encode(options.object));
  request.max_answer = kMaxAnswer;
  STRATUS_TRY(answer, server->expect_success(request));
  print_json(common, answer.body);
  if (common.json) return {};
  STRATUS_TRY(value, parse_json(answer.body, kMaxAnswer));
  ObjectReader page(value, "");
  for (const json::value& item : page.optional_array("items", 1000)) {
    ObjectReader entry(item, "entry");
    const std::string time = entry.text("time", 40), actor = entry.text("actor", 1000);
    const std::string action = entry.text("action", 1000), object = entry.optional_text("object", 1000);
    STRATUS_CHECK(entry.done());
    fmt::print("{}  {:<24} {:<18} {:<28} {}\n", time, actor, action, object,
               json::serialize(item.at("detail")));
  }
  return page.done();
}

Result<void> export_audit(const std::filesystem::path& file, const CommonOptions& common) {
  STRATUS_TRY(server, ServerConnection::open(common));
  if (file == "-") {
    return server->download("/api/v1/audit/export", [](BytesView piece) -> Result<void> {
      if (std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size()) return {};
      return fail(Error::from_errno("write"));
    });
  }
  const std::filesystem::path part = file.string() + ".part";
  {
    STRATUS_TRY(fd, open_file(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    STRATUS_CHECK(server->download("/api/v1/audit/export",
                                   [&](BytesView piece) { return write_all(fd.get(), piece); }));
    if (::fsync(fd.get()) != 0) return fail(Error::from_errno("sync " + part.string()));
  }
  std::error_code problem;
  std::filesystem::rename(part, file, problem);
  if (problem)
    return fail(ErrorCode::internal, fmt::format("rename {}: {}", part.string(), problem.message()));
  say(common, "exported to " + file.string());
  return {};
}

Result<void> verify_audit(const std::filesystem::path& file, const std::string& head,
                          const CommonOptions& common) {
  STRATUS_TRY(known, parse_head(head));
  Verifier verifier(known);
  if (file.empty()) {
    STRATUS_TRY(server, ServerConnection::open(common));
    STRATUS_CHECK(
        server->download("/api/v1/audit/export", [&](BytesView piece) { return verifier.take(piece); }));
    STRATUS_CHECK(verifier.finish());
    STRATUS_CHECK(ask_server(*server));
  } else {
    STRATUS_CHECK(verify_file(file, verifier));
    STRATUS_CHECK(verifier.finish());
  }
  const wire::AuditChain& chain = verifier.chain();
  say(common, fmt::format("sound: {} entries; head {}:{}", chain.sequence(), chain.sequence(), chain.head()));
  print_json(common, json::serialize(json::object{
                         {"sound", true}, {"sequence", chain.sequence()}, {"hash", chain.head()}}));
  return {};
}

}  // namespace stratus::cli
