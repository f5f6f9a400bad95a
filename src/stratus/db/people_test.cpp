#include "stratus/db/people.hpp"

#include "stratus/base/result.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

class PeopleDatabaseTest : public EngineTest {
 protected:
  void opened() override {
    User alice;
    alice.id = "01A";
    alice.name = "alice";
    alice.display = "Alice 앨리스";
    alice.roles = "viewer";
    alice.password = "hash";
    alice.created_ms = 5;
    ASSERT_TRUE(write([&](Transaction& tx) { return insert_user(tx, alice); }));
  }
  Result<void> write(const Database::Work& work) { return database().write_now(work); }
};
STRATUS_BOTH_ENGINES(PeopleDatabaseTest);

TEST_P(PeopleDatabaseTest, UsersAreFoundByNameAndId) {
  const auto alice = user_by_name(database(), "alice");
  ASSERT_TRUE(alice) << alice.error().text();
  EXPECT_EQ(alice->display, "Alice 앨리스");
  EXPECT_EQ(user_by_id(database(), "01A")->name, "alice");
  EXPECT_EQ(user_by_name(database(), "bob").error().code(), ErrorCode::not_found);
  EXPECT_EQ(users_after(database(), "", 10)->size(), 1u);
  EXPECT_EQ(users_after(database(), "alice", 10)->size(), 0u);
  User twin = *alice;
  twin.id = "01B";
  const auto refused = write([&](Transaction& tx) { return insert_user(tx, twin); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "name_taken");
}

TEST_P(PeopleDatabaseTest, AChangeOfAnOldVersionIsRefused) {
  User alice = *user_by_name(database(), "alice");
  alice.roles = "operator";
  ASSERT_TRUE(write([&](Transaction& tx) { return update_user(tx, alice); }));
  const auto refused = write([&](Transaction& tx) { return update_user(tx, alice); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "precondition_failed");
  EXPECT_EQ(user_by_name(database(), "alice")->version, 2);
}

TEST_P(PeopleDatabaseTest, SessionsAndTokensGoWithTheirUser) {
  const Session session{"h1", "01A", "csrf", "192.0.2.1", 1, 1, 1000};
  const Session other{"h2", "01A", "csrf", "", 1, 1, 1000};
  Token token{"01T", "th", "ci", "01A", "devices:read", 1, 1000, 0};
  Token unowned{"01U", "uh", "root", "", "devices:read", 1, 1000, 0};
  ASSERT_TRUE(write([&](Transaction& tx) -> Result<void> {
    STRATUS_CHECK(insert_session(tx, session));
    STRATUS_CHECK(insert_session(tx, other));
    STRATUS_CHECK(insert_token(tx, token));
    STRATUS_CHECK(insert_token(tx, unowned));
    return delete_sessions(tx, "01A", "h1");
  }));
  EXPECT_TRUE(session_by_hash(database(), "h1"));
  EXPECT_FALSE(session_by_hash(database(), "h2"));
  EXPECT_EQ(token_by_hash(database(), "th")->user_id, "01A");
  EXPECT_EQ(token_by_hash(database(), "uh")->user_id, "");
  EXPECT_EQ(tokens_after(database(), std::nullopt, "", 10)->size(), 2u);
  EXPECT_EQ(tokens_after(database(), "01A", "", 10)->size(), 1u);
  ASSERT_TRUE(write([&](Transaction& tx) { return delete_user(tx, "01A"); }));
  EXPECT_FALSE(session_by_hash(database(), "h1"));
  EXPECT_FALSE(token_by_hash(database(), "th"));
  EXPECT_EQ(write([&](Transaction& tx) { return delete_token(tx, "01T"); }).error().code(),
            ErrorCode::not_found);
}

TEST_P(PeopleDatabaseTest, AnswersAreKeptForATime) {
  const KeptAnswer answer{"f", 201, "/x", "1", "{}"};
  ASSERT_TRUE(write([&](Transaction& tx) { return keep_answer(tx, "k", answer, 100, 50); }));
  const auto kept = kept_answer(database(), "k", 100);
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ((*kept)->location, "/x");
  EXPECT_FALSE(*kept_answer(database(), "k", 101));
  EXPECT_FALSE(write([&](Transaction& tx) { return keep_answer(tx, "k", answer, 110, 60); }));
  EXPECT_TRUE(write([&](Transaction& tx) { return keep_answer(tx, "k", answer, 210, 160); }));
}

}  // namespace
}  // namespace stratus::db
