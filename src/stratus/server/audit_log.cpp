#include "stratus/server/audit_log.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/server/catalogue_writes.hpp"

namespace stratus::server {
namespace {

constexpr std::size_t kMaxDetail = 16u << 10;  // bytes

wire::AuditEntry entry_of(const db::Row& row) {
  wire::AuditEntry entry;
  entry.sequence = row.integer(0);
  entry.time_ms = row.integer(1);
  entry.actor = row.text(2);
  entry.action = row.text(3);
  entry.object = row.text(4);
  entry.detail = row.text(5);
  entry.address = row.text(6);
  entry.request = row.text(7);
  entry.hash = row.text(8);
  return entry;
}

Result<std::vector<wire::AuditEntry>> entries_of(Result<db::Rows> rows) {
  if (!rows) return forward_error(std::move(rows));
  std::vector<wire::AuditEntry> entries;
  for (const db::Row row : *rows) entries.push_back(entry_of(row));
  return entries;
}

}  // namespace

Result<void> lock_audit(db::Transaction& transaction) {
  STRATUS_CHECK(transaction.run("UPDATE audit_head SET sequence = sequence WHERE id = 1"));
  return {};
}

std::string audit_hash(std::string_view text) { return sha256(text).hex(); }

Result<void> append_audit(db::Transaction& transaction, wire::AuditEntry entry) {
  if (entry.detail.size() > kMaxDetail) entry.detail = R"({"truncated":true})";
  // Takes the head for itself: another server that writes to the same database waits here.
  STRATUS_TRY(head, transaction.run("UPDATE audit_head SET sequence = sequence + 1 WHERE id = 1 "
                                    "RETURNING sequence, time_ms, hash"));
  if (head.empty()) return fail(ErrorCode::corrupt, "the audit log has no head; see docs/security/audit.md");
  entry.sequence = head[0].integer(0);
  entry.time_ms = std::max(now_ms(), head[0].integer(1));
  entry.hash = audit_hash(wire::audit_hash_text(head[0].text(2), entry));
  STRATUS_TRY(added,
              transaction.run("INSERT INTO audit (sequence, time_ms, actor, action, object, detail, address, "
                              "request, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                              {entry.sequence, entry.time_ms, entry.actor, entry.action, entry.object,
                               entry.detail, entry.address, entry.request, entry.hash}));
  STRATUS_TRY(moved, transaction.run("UPDATE audit_head SET time_ms = $1, hash = $2 WHERE id = 1",
                                     {entry.time_ms, entry.hash}));
  return {};
}

Result<std::vector<wire::AuditEntry>> audit_before(db::Reader& reader, const AuditFilter& filter,
                                                   std::int64_t before, std::int64_t limit) {
  std::string sql =
      "SELECT sequence, time_ms, actor, action, object, detail, address, request, hash FROM audit "
      "WHERE sequence < $1 AND time_ms >= $2 AND time_ms <= $3";
  std::vector<db::Value> values{before, filter.since_ms, filter.until_ms};
  const auto also = [&](const char* condition, const std::string& value) {
    if (value.empty()) return;
    values.emplace_back(value);
    sql += fmt::format(fmt::runtime(condition), values.size());
  };
  also(" AND actor = ${}", filter.actor);
  also(" AND object = ${}", filter.object);
  if (!filter.action.empty()) {
    // A prefix as a range: texts compare alike in both engines, LIKE does not.
    values.emplace_back(filter.action);
    values.emplace_back(filter.action + "~");
    sql += fmt::format(" AND action >= ${} AND action < ${}", values.size() - 1, values.size());
  }
  values.emplace_back(limit);
  sql += fmt::format(" ORDER BY sequence DESC LIMIT ${}", values.size());
  return entries_of(reader.run(sql, values));
}

Result<std::vector<wire::AuditEntry>> audit_after(db::Reader& reader, std::int64_t after,
                                                  std::int64_t limit) {
  return entries_of(
      reader.query("SELECT sequence, time_ms, actor, action, object, detail, address, request, hash "
                   "FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2",
                   {after, limit}));
}

Result<AuditHead> audit_head(db::Reader& reader) {
  STRATUS_TRY(rows, reader.query("SELECT sequence, hash FROM audit_head WHERE id = 1"));
  if (rows.empty()) return fail(ErrorCode::corrupt, "the head of the audit log was removed");
  return AuditHead{rows[0].integer(0), rows[0].text(1)};
}

Result<AuditHead> verify_audit(db::Database& database) {
  wire::AuditChain chain(audit_hash);
  // The head first: entries written meanwhile come after it and are followed as well.
  STRATUS_TRY(head, audit_head(database));
  for (;;) {
    STRATUS_TRY(entries, audit_after(database, chain.sequence(), 1000));
    if (entries.empty()) break;
    for (const wire::AuditEntry& entry : entries) {
      STRATUS_CHECK(chain.add(entry));
      if (chain.sequence() == head.sequence && chain.head() != head.hash)
        return fail(ErrorCode::corrupt,
                    fmt::format("entry {}: is not the one that was written", head.sequence));
    }
  }
  if (chain.sequence() < head.sequence) {
    return fail(ErrorCode::corrupt, fmt::format("entry {}: the log ends before it, {} entries were written",
                                                chain.sequence() + 1, head.sequence));
  }
  return AuditHead{chain.sequence(), chain.head()};
}

}  // namespace stratus::server
