#include "stratus/wire/audit_entry.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace stratus::wire {
namespace {

// Good enough to see what is hashed; the real hash is tried in server/audit_log_test.cpp.
std::string weak_hash(std::string_view text) { return std::to_string(std::hash<std::string_view>()(text)); }

std::vector<AuditEntry> make_log(int count) {
  std::vector<AuditEntry> log;
  std::string head;
  for (int i = 1; i <= count; ++i) {
    AuditEntry entry{i,     1000 + i / 2, "user:a", "user.create", "user:" + std::to_string(i), "{}",
                     "::1", "01R",        ""};
    entry.hash = head = weak_hash(audit_hash_text(head, entry));
    log.push_back(entry);
  }
  return log;
}

Result<void> verify(const std::vector<AuditEntry>& log) {
  AuditChain chain(weak_hash);
  for (const AuditEntry& entry : log) {
    STRATUS_CHECK(chain.add(entry));
  }
  return {};
}

TEST(AuditEntry, GoesThroughALine) {
  AuditEntry entry = make_log(1)[0];
  entry.object = "그룹 \"a\"\n";
  const auto back = parse_audit_entry(encode_audit_entry(entry));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(audit_hash_text("x", *back), audit_hash_text("x", entry));
  EXPECT_EQ(back->hash, entry.hash);
  for (const char* line :
       {"", "{}", "[]", R"({"sequence":-1,"time_ms":1,"actor":"a","action":"b","hash":"c"})"})
    EXPECT_FALSE(parse_audit_entry(line)) << line;
}

TEST(AuditEntry, FieldsCannotLendTextToEachOther) {
  AuditEntry one, two;
  one.actor = "ab";
  one.action = "c";
  two.actor = "a";
  two.action = "bc";
  EXPECT_NE(audit_hash_text("", one), audit_hash_text("", two));
}

TEST(AuditChain, ARandomEditIsFoundAtTheEntryItTouched) {
  std::mt19937 random(11);
  const std::vector<AuditEntry> log = make_log(40);
  ASSERT_TRUE(verify(log));
  for (int round = 0; round < 1000; ++round) {
    std::vector<AuditEntry> edited = log;
    const std::size_t at = random() % (log.size() - 1);
    std::size_t named = at + 1;
    switch (random() % 8) {
      case 0:
        edited[at].actor += "x";
        break;
      case 1:
        edited[at].object.clear();
        break;
      case 2:
        edited[at].detail = "[]";
        break;
      case 3:
        edited[at].time_ms += 1;
        break;
      case 4:
        edited[at].hash = edited[at + 1].hash;
        break;
      case 5:
        edited.erase(edited.begin() + static_cast<std::ptrdiff_t>(at));
        named = at + 2;
        break;
      case 6:
        std::swap(edited[at], edited[at + 1]);
        named = at + 2;
        break;
      default:
        edited[at].request = "01S";
    }
    const auto checked = verify(edited);
    ASSERT_FALSE(checked) << round;
    EXPECT_NE(checked.error().text().find("entry " + std::to_string(named) + ":"), std::string::npos)
        << checked.error().text() << " instead of " << named;
  }
}

}  // namespace
}  // namespace stratus::wire
