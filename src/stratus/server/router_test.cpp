#include "stratus/server/router.hpp"

#include <gtest/gtest.h>

#include "stratus/net/loop.hpp"
#include "stratus/server/fake_exchange_testing.hpp"

namespace stratus::server {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    for (const char* pattern : {"/api/v1/things", "/api/v1/things/{id}", "/api/v1/things/special",
                                "/api/v1/things/{id}/parts/{part}", "/api/v1/next/{name*}"}) {
      add("GET", pattern, Scope::open);
    }
    add("PUT", "/api/v1/things/{id}", Scope::devices_write);
    add("DELETE", "/api/v1/things/{id}", Scope::self);
  }

  // Answers "pattern|parameters".
  void add(const std::string& method, const std::string& pattern, Scope scope) {
    router.add(method, pattern, scope, [pattern](Call& call) {
      const std::string text =
          pattern + "|" + call.parameter("id") + call.parameter("name") + "|" + call.parameter("part");
      return call.respond_json(200, text, "v1");
    });
  }

  FakeExchange& ask(std::string method, std::string target) {
    exchange = std::make_unique<FakeExchange>(std::move(method), std::move(target));
    return ask();
  }
  FakeExchange& ask() {
    const auto handle = [this]() -> net::Task<Result<void>> {
      co_await router.handle(*exchange);
      co_return Result<void>();
    };
    net::Loop loop;
    EXPECT_TRUE(loop.run(handle()));
    return *exchange;
  }

  FixedAuthenticator authenticator;
  Router router{authenticator};
  std::unique_ptr<FakeExchange> exchange;
};

TEST_F(RouterTest, FindsThePatternAndItsParameters) {
  EXPECT_EQ(ask("GET", "/api/v1/things").answer(), "/api/v1/things||");
  EXPECT_EQ(ask("GET", "/api/v1/things/a%2Fb?x=1").answer(), "/api/v1/things/{id}|a/b|");
  EXPECT_EQ(ask("GET", "/api/v1/things/special").answer(), "/api/v1/things/special||");
  EXPECT_EQ(ask("GET", "/api/v1/things/special/parts/2").answer(),
            "/api/v1/things/{id}/parts/{part}|special|2");
  EXPECT_EQ(ask("GET", "/api/v1/next/a/b%2Fc").answer(), "/api/v1/next/{name*}|a/b/c|");
  EXPECT_EQ(ask("HEAD", "/api/v1/things/7").status(), 200);
}

TEST_F(RouterTest, OtherPathsAreNotThere) {
  for (const char* path : {"/", "/api/v1", "/api/v1/", "/api/v1/things/", "/api/v1/things//parts/1",
                           "/api/v1/next/", "/api/v1/next", "/api/v1/things/1/parts", ""}) {
    EXPECT_EQ(ask("GET", path).status(), 404) << path;
  }
}

TEST_F(RouterTest, WhatIsNoTextIsNoQuestion) {
  for (const char* path : {"/api/v1/things/%zz", "/api/v1/things/%00", "/api/v1/next/a%2Fb%00",
                           "/api/v1/things/%ff", "/api/v1/things?x=%00", "/api/v1/things?x=1&%00=2",
                           "/api/v1/things?x=%", "/api/v1/things?x=%ed%a0%80", "/nowhere/%00"}) {
    EXPECT_EQ(ask("GET", path).status(), 400) << path;
    EXPECT_NE(exchange->answer().find(R"("code":"invalid")"), std::string::npos) << path;
  }
  EXPECT_EQ(ask("GET", "/api/v1/things?x=%ED%95%9C%20%25").status(), 200);
}

TEST_F(RouterTest, OtherMethodsAreNamed) {
  EXPECT_EQ(ask("POST", "/api/v1/things/1").status(), 405);
  EXPECT_EQ(exchange->header("Allow"), "DELETE, GET, HEAD, PUT");
}

TEST_F(RouterTest, AsksWhoItIsBeforeTheHandlerRuns) {
  EXPECT_EQ(ask("PUT", "/api/v1/things/1").status(), 401);
  EXPECT_NE(exchange->header("WWW-Authenticate"), "");
  EXPECT_NE(exchange->answer().find(R"("code":"unauthenticated")"), std::string::npos);
  authenticator.principal.kind = Principal::Kind::user;
  authenticator.principal.name = "eve";
  authenticator.principal.scopes = scopes_of(Role::viewer);
  EXPECT_EQ(ask("PUT", "/api/v1/things/1").status(), 403);
  EXPECT_EQ(ask("DELETE", "/api/v1/things/1").status(), 200);
  authenticator.principal.scopes = scopes_of(Role::operator_);
  EXPECT_EQ(ask("PUT", "/api/v1/things/1").status(), 200);
}

TEST_F(RouterTest, AnswersThatTheAskerHasTheNewest) {
  exchange = std::make_unique<FakeExchange>("GET", "/api/v1/things");
  exchange->head().headers.set("If-None-Match", "\"v0\", W/\"v1\"");
  EXPECT_EQ(ask().status(), 304);
  EXPECT_EQ(exchange->answer(), "");
  EXPECT_EQ(exchange->header("ETag"), "\"v1\"");
}

TEST_F(RouterTest, ErrorsBecomeProblems) {
  const auto change = [](Call& call) -> net::Task<Result<void>> {
    STRATUS_CO_CHECK(call.check_if_match("v2", true));
    co_return co_await call.respond_nothing();
  };
  router.add("PUT", "/api/v1/guarded", Scope::open, change);
  EXPECT_EQ(ask("PUT", "/api/v1/guarded").status(), 428);
  exchange = std::make_unique<FakeExchange>("PUT", "/api/v1/guarded");
  exchange->head().headers.set("If-Match", "\"v1\"");
  EXPECT_EQ(ask().status(), 412);
  EXPECT_EQ(exchange->header("Content-Type"), "application/problem+json");
  exchange = std::make_unique<FakeExchange>("PUT", "/api/v1/guarded");
  exchange->head().headers.set("If-Match", "\"v2\"");
  EXPECT_EQ(ask().status(), 204);
}

TEST_F(RouterTest, ListsItsRoutes) {
  EXPECT_EQ(router.routes().size(), 7u);
  EXPECT_DEATH(add("GET", "/api/v1/things", Scope::open), "there twice");
}

TEST_F(RouterTest, RefusalsNameTheirRequest) {
  FakeExchange& refused = ask("GET", "/nowhere");
  const std::string id = refused.header("X-Request-Id");
  EXPECT_EQ(id.size(), 26u);
  EXPECT_NE(refused.answer().find("\"request_id\":\"" + id + "\"}"), std::string::npos);
  FakeExchange& method = ask("PATCH", "/api/v1/things");
  EXPECT_NE(method.answer().find("request_id"), std::string::npos);
}

TEST_F(RouterTest, GoodAnswersNameItToPeopleOnly) {
  EXPECT_EQ(ask("GET", "/api/v1/things").header("X-Request-Id"), "");
  authenticator.principal.kind = Principal::Kind::token;
  EXPECT_EQ(ask("GET", "/api/v1/things").header("X-Request-Id").size(), 26u);
}

TEST(RequestIdTest, AProxysIdIsKeptWhenItIsPlain) {
  net::RequestHead head;
  head.headers.set("X-Request-Id", "abc-DEF_123");
  EXPECT_EQ(request_id_of(head), "abc-DEF_123");
  for (const char* const bad : {"short", "with space in it", "quote\"quote\"", ""}) {
    head.headers.set("X-Request-Id", bad);
    EXPECT_EQ(request_id_of(head).size(), 26u) << bad;
  }
  head.headers.set("X-Request-Id", std::string(65, 'a'));
  EXPECT_EQ(request_id_of(head).size(), 26u);
}

TEST(RequestIdTest, OnlyObjectsTakeIt) {
  EXPECT_EQ(with_request_id(R"({"a":1})", "x"), R"({"a":1,"request_id":"x"})");
  EXPECT_EQ(with_request_id("{}", "x"), "{}");
  EXPECT_EQ(with_request_id("", "x"), "");
}

}  // namespace
}  // namespace stratus::server
