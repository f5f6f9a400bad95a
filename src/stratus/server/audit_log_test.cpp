#include "stratus/server/audit_log.hpp"

#include <random>

#include "stratus/db/testing.hpp"

namespace stratus::server {
namespace {

class AuditLogTest : public db::EngineTest {
 protected:
  Result<void> write(const db::Database::Work& work) { return database().write_now(work); }
  void append(int count) {
    ASSERT_TRUE(write([&](db::Transaction& tx) -> Result<void> {
      for (int i = 0; i < count; ++i) {
        STRATUS_CHECK(append_audit(tx, {0, 0, i % 2 == 0 ? "user:a" : "token:b", "device.move", "device:d",
                                        "{}", "::1", "01R", ""}));
      }
      return {};
    }));
  }
  void tamper(const std::string& sql) {
    ASSERT_TRUE(write([&](db::Transaction& tx) -> Result<void> {
      STRATUS_TRY(rows, tx.run(sql));
      return {};
    }));
  }
  std::string verdict() {
    const auto checked = verify_audit(database());
    return checked ? "sound" : checked.error().text().substr(0, checked.error().text().find(':'));
  }
};
STRATUS_BOTH_ENGINES(AuditLogTest);

TEST_P(AuditLogTest, IsWrittenWithTheChangeOrNotAtAll) {
  append(3);
  EXPECT_FALSE(write([&](db::Transaction& tx) -> Result<void> {
    STRATUS_CHECK(append_audit(tx, {0, 0, "user:a", "x", "", "{}", "", "", ""}));
    return fail(ErrorCode::invalid, "the change was refused");
  }));
  append(1);
  const auto head = verify_audit(database());
  ASSERT_TRUE(head) << head.error().text();
  EXPECT_EQ(head->sequence, 4);
}

TEST_P(AuditLogTest, NamesTheEntryThatSomebodyEdited) {
  append(20);
  EXPECT_EQ(verdict(), "sound");
  tamper("UPDATE audit SET actor = 'user:nobody' WHERE sequence = 7");
  EXPECT_EQ(verdict(), "entry 7");
  tamper("UPDATE audit SET actor = 'user:a' WHERE sequence = 7");
  EXPECT_EQ(verdict(), "sound");
  tamper("UPDATE audit SET sequence = -1 WHERE sequence = 3");
  tamper("UPDATE audit SET sequence = 3 WHERE sequence = 4");
  tamper("UPDATE audit SET sequence = 4 WHERE sequence = -1");
  EXPECT_EQ(verdict(), "entry 3");
}

TEST_P(AuditLogTest, NoticesRowsThatWereRemoved) {
  append(20);
  tamper("DELETE FROM audit WHERE sequence > 18");
  EXPECT_EQ(verdict(), "entry 19");
  tamper("DELETE FROM audit WHERE sequence = 5");
  EXPECT_EQ(verdict(), "entry 6");
  tamper("DELETE FROM audit");
  EXPECT_EQ(verdict(), "entry 1");
}

TEST_P(AuditLogTest, IsReadInPartsAndFiltered) {
  append(10);
  AuditFilter filter;
  EXPECT_EQ(audit_before(database(), filter, INT64_MAX, 3)->front().sequence, 10);
  EXPECT_EQ(audit_before(database(), filter, 8, 3)->front().sequence, 7);
  filter.actor = "token:b";
  filter.action = "device.";
  EXPECT_EQ(audit_before(database(), filter, INT64_MAX, 100)->size(), 5u);
  filter.action = "user.";
  EXPECT_EQ(audit_before(database(), filter, INT64_MAX, 100)->size(), 0u);
  EXPECT_EQ(audit_after(database(), 8, 100)->size(), 2u);
}

TEST_P(AuditLogTest, TheClockMayGoBack) {
  append(1);
  tamper("UPDATE audit_head SET time_ms = 9000000000000");
  append(1);
  EXPECT_EQ(audit_after(database(), 1, 1)->front().time_ms, 9'000'000'000'000);
  EXPECT_EQ(verdict(), "sound");
}

}  // namespace
}  // namespace stratus::server
