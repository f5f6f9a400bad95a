// The audit log in the database: who did what to what, written in the transaction of the change itself, so
// that neither is there without the other. Chained by hashes (wire/audit_entry.hpp). Blocks.
#pragma once

#include <string>
#include <vector>

#include "stratus/db/database.hpp"
#include "stratus/wire/audit_entry.hpp"

namespace stratus::server {

// Fills in sequence, time (never before the entry before, whatever the clock does) and hash, and adds it.
Result<void> append_audit(db::Transaction& transaction, wire::AuditEntry entry);

// From here to the end of the transaction no other server adds entries; what was committed before is seen by
// the next statement. For those who look at something before they change it and record that.
Result<void> lock_audit(db::Transaction& transaction);

struct AuditFilter {
  std::string actor;   // exactly
  std::string action;  // "user." finds all that begin so
  std::string object;  // exactly
  std::int64_t since_ms = 0;
  std::int64_t until_ms = INT64_MAX;
};
// Newest first, those before sequence `before`.
Result<std::vector<wire::AuditEntry>> audit_before(db::Reader& reader, const AuditFilter& filter,
                                                   std::int64_t before, std::int64_t limit);
// Oldest first, those after sequence `after`: for export and verification.
Result<std::vector<wire::AuditEntry>> audit_after(db::Reader& reader, std::int64_t after, std::int64_t limit);

struct AuditHead {
  std::int64_t sequence = 0;
  std::string hash;
};
Result<AuditHead> audit_head(db::Reader& reader);

// Reads the whole log and follows the chain to its head. `corrupt` names the first entry that is wrong.
Result<AuditHead> verify_audit(db::Database& database);

std::string audit_hash(std::string_view text);  // hex SHA-256

}  // namespace stratus::server
