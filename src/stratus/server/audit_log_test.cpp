#include "stratus/server/audit_log.hpp"

#include <algorithm>
#include <iterator>
#include <random>

#include "stratus/db/testing.hpp"

namespace stratus::server {
namespace {

// The log as somebody left it, and what verification has to call it.
struct Edited {
  std::vector<wire::AuditEntry> entries;
  std::size_t named = 0;  // the first entry that is wrong
};

// One edit of a sound log, as whoever can write to the table may make it. Those who also know how hashes are
// made cannot reach the head without changing it (docs/security/audit.md says who could).
class Editor {
 public:
  explicit Editor(unsigned seed) : random_(seed) {}

  Edited edit(const std::vector<wire::AuditEntry>& sound) {
    edited_ = {sound, 0};
    const std::size_t count = sound.size(), one = below(count), other = one + below(count - one);
    switch (below(kKinds)) {
      case 0:
        return altered(one);
      case 1:
        return removed(one, other, false);
      case 2:
        return removed(one, other, true);
      case 3:
        return swapped(one);
      case 4:
        return doubled(one, other);
      case 5:
        return hidden(one, one + 1);
      default:
        return hidden(one, count);
    }
  }

 private:
  static constexpr std::size_t kKinds = 7;

  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  std::string& text_of(wire::AuditEntry& entry) {
    std::string* const texts[] = {&entry.actor,  &entry.action,  &entry.object,
                                  &entry.detail, &entry.address, &entry.request};
    return *texts[below(std::size(texts))];
  }
  void renumber() {
    std::int64_t number = 0;
    for (wire::AuditEntry& entry : edited_.entries) entry.sequence = ++number;
  }
  void change_text(wire::AuditEntry& entry) {
    std::string& text = text_of(entry);
    const char added = static_cast<char>('a' + below(26));
    text.insert(below(text.size() + 1), 1, added);
  }

  Edited altered(std::size_t at) {
    wire::AuditEntry& entry = edited_.entries[at];
    switch (below(4)) {
      case 0:
        change_text(entry);
        break;
      case 1:
        entry.time_ms += below(2) == 0 ? 1 : -1;
        break;
      case 2:
        entry.hash[below(64)] ^= 1;
        break;
      default:  // all fields in a row read as before
        entry.action.insert(0, 1, entry.actor.back());
        entry.actor.pop_back();
    }
    edited_.named = at + 1;
    return edited_;
  }

  Edited removed(std::size_t first, std::size_t last, bool closing_the_gap) {
    const bool is_end = last + 1 == edited_.entries.size();
    edited_.entries.erase(edited_.entries.begin() + first, edited_.entries.begin() + last + 1);
    if (closing_the_gap) renumber();
    edited_.named = is_end || closing_the_gap ? first + 1 : last + 2;
    return edited_;
  }

  Edited swapped(std::size_t one) {
    const std::size_t other = (one + 1 + below(edited_.entries.size() - 1)) % edited_.entries.size();
    std::swap(edited_.entries[one], edited_.entries[other]);
    renumber();
    edited_.named = std::min(one, other) + 1;
    return edited_;
  }

  // A copy of an entry, further on.
  Edited doubled(std::size_t one, std::size_t other) {
    const wire::AuditEntry copy = edited_.entries[one];
    edited_.entries.insert(edited_.entries.begin() + other + 1, copy);
    renumber();
    edited_.named = other + 2;
    return edited_;
  }

  // Altered, and the hashes from there up to `end` made anew.
  Edited hidden(std::size_t at, std::size_t end) {
    std::vector<wire::AuditEntry>& entries = edited_.entries;
    change_text(entries[at]);
    for (std::size_t i = at; i < end; ++i) {
      const std::string before = i == 0 ? "" : entries[i - 1].hash;
      entries[i].hash = audit_hash(wire::audit_hash_text(before, entries[i]));
    }
    edited_.named = std::min(end + 1, entries.size());
    return edited_;
  }

  std::mt19937 random_;
  Edited edited_;
};

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
  void replace(const std::vector<wire::AuditEntry>& entries) {
    ASSERT_TRUE(write([&](db::Transaction& tx) -> Result<void> {
      STRATUS_CHECK(tx.run("DELETE FROM audit"));
      for (const wire::AuditEntry& entry : entries) {
        STRATUS_CHECK(
            tx.run("INSERT INTO audit (sequence, time_ms, actor, action, object, detail, address, "
                   "request, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                   {entry.sequence, entry.time_ms, entry.actor, entry.action, entry.object, entry.detail,
                    entry.address, entry.request, entry.hash}));
      }
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

TEST_P(AuditLogTest, NamesWhatAnyOfAThousandEditsTouchedFirst) {
  append(12);
  const auto sound = audit_after(database(), 0, 100);
  ASSERT_TRUE(sound) << sound.error().text();
  Editor editor(40);
  for (int i = 0; i < 1000; ++i) {
    const Edited edited = editor.edit(*sound);
    replace(edited.entries);
    ASSERT_EQ(verdict(), "entry " + std::to_string(edited.named)) << "edit " << i;
  }
  replace(*sound);
  EXPECT_EQ(verdict(), "sound");
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
