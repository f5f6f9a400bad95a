// One entry of the audit log and the chain that holds them together: each entry's hash covers its fields and
// the hash before it, so that altering, removing or reordering entries breaks the chain
// (docs/security/audit.md). Pure; hashing itself is the caller's (crypto), so that the text hashed is the
// contract.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::wire {

struct AuditEntry {
  static constexpr std::size_t kMaxEncoded = 64u << 10;  // bytes of a line

  std::int64_t sequence = 0;  // 1, 2, 3 … without gaps
  std::int64_t time_ms = 0;   // never before the entry before
  std::string actor;          // "user:alice", "token:ci", "server"
  std::string action;         // "user.create"
  std::string object;         // what it was done to
  std::string detail;         // JSON text, as stored
  std::string address;        // where from
  std::string request;        // id of the request
  std::string hash;           // 64 hex digits
};

// One line of an export, without its newline.
std::string encode_audit_entry(const AuditEntry& entry);
Result<AuditEntry> parse_audit_entry(std::string_view line);

// What entry.hash is the SHA-256 of: the hash before ("" for the first), then every field, each as
// "LENGTH:BYTES".
std::string audit_hash_text(std::string_view previous, const AuditEntry& entry);

// Follows a chain entry by entry, from the first.
class AuditChain {
 public:
  using Hash = std::function<std::string(std::string_view text)>;  // hex SHA-256
  explicit AuditChain(Hash hash) : hash_(std::move(hash)) {}

  // `corrupt`, naming the entry and what is wrong with it. After an error the chain is of no use.
  Result<void> add(const AuditEntry& entry);
  std::int64_t sequence() const { return sequence_; }
  const std::string& head() const { return head_; }

 private:
  Hash hash_;
  std::int64_t sequence_ = 0;
  std::int64_t time_ms_ = 0;
  std::string head_;
};

}  // namespace stratus::wire
