#include "stratus/base/reason.hpp"

#include <gtest/gtest.h>

namespace stratus {
namespace {

Error made(ErrorCode code, std::string text, std::string_view reason) {
  return fail(code, std::move(text), reason).value();
}

TEST(Reason, GoesWithTheErrorAndComesOffAgain) {
  const Error changed =
      made(ErrorCode::conflict, "it was changed", "precondition_failed").with_context("save");
  EXPECT_EQ(changed.text(), "save: it was changed [precondition_failed]");
  EXPECT_EQ(reason_of(changed), "precondition_failed");
  EXPECT_EQ(text_without_reason(changed), "save: it was changed");
  EXPECT_EQ(http_status_of(changed), 412);
  EXPECT_EQ(http_status_of(made(ErrorCode::conflict, "x", "gate_failed")), 409);
}

TEST(Reason, OtherTextsHaveNone) {
  for (const char* text : {"", "]", "[a]", "list [1]", "list []", "a [b] c", "index [A]", " []"}) {
    const Error plain(ErrorCode::not_found, text);
    EXPECT_EQ(reason_of(plain), "") << text;
    EXPECT_EQ(text_without_reason(plain), text);
    EXPECT_EQ(http_status_of(plain), 404);
  }
}

}  // namespace
}  // namespace stratus
