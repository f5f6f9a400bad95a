#include "stratus/server/principal.hpp"

#include <gtest/gtest.h>

namespace stratus::server {
namespace {

TEST(Scopes, WordsAndBack) {
  const ScopeSet set{Scope::audit_read, Scope::devices_read, Scope::self};
  const std::vector<std::string> words{"devices:read", "audit:read"};
  EXPECT_EQ(set.words(), words);
  EXPECT_EQ(*ScopeSet::parse(words), (ScopeSet{Scope::devices_read, Scope::audit_read}));
  EXPECT_FALSE(ScopeSet::parse({"devices:read", "devices:everything"}));
  EXPECT_FALSE(ScopeSet::parse({"self"}));  // not for anybody to hand out
  for (int scope = 0; scope <= static_cast<int>(Scope::system_admin); ++scope)
    EXPECT_NE(word_of(static_cast<Scope>(scope)), "");
}

TEST(Roles, NobodyButTheAdminDoesTwoJobs) {
  for (const Role role : {Role::viewer, Role::operator_, Role::releaser, Role::auditor}) {
    const ScopeSet scopes = scopes_of(role);
    EXPECT_EQ(parse_role(word_of(role)), role);
    EXPECT_TRUE(scopes.has(Scope::devices_read)) << word_of(role);
    EXPECT_FALSE(scopes.has(Scope::people_admin)) << word_of(role);
    EXPECT_FALSE(scopes.has(Scope::releases_write) && scopes.has(Scope::rollouts_write)) << word_of(role);
    EXPECT_TRUE(scopes_of(Role::admin).contains(scopes));
  }
  EXPECT_EQ(scopes_of(Role::viewer).words(),
            (std::vector<std::string>{"devices:read", "releases:read", "rollouts:read"}));
  EXPECT_FALSE(parse_role("root"));
}

TEST(Principal, AnonymousMayOnlyWhatIsOpen) {
  const Principal nobody;
  EXPECT_TRUE(nobody.may(Scope::open));
  EXPECT_FALSE(nobody.may(Scope::self));
  EXPECT_EQ(nobody.label(), "anonymous");
}

TEST(Principal, OnePersonSpeaksByManyNames) {
  Principal session, token, administrators, loose;
  session.kind = Principal::Kind::user;
  session.id = session.user_id = "01ALICE";
  session.name = "alice";
  token.kind = administrators.kind = loose.kind = Principal::Kind::token;
  token.user_id = "01ALICE";
  token.name = "alice/ci";
  administrators.name = "admin";
  loose.name = "alice";  // a token's name is anything
  EXPECT_NE(session.label(), token.label());
  EXPECT_EQ(session.person(), token.person());
  EXPECT_EQ(loose.person(), administrators.person());
  EXPECT_NE(loose.person(), session.person());
}

}  // namespace
}  // namespace stratus::server
