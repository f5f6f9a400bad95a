#include "stratus/base/result.hpp"

#include <cerrno>
#include <set>

#include <gtest/gtest.h>

namespace stratus {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorCode::invalid, "odd");
  return value / 2;
}

Result<int> quarter(int value) {
  STRATUS_TRY(first, half(value).with_context("first half"));
  STRATUS_TRY(second, half(first).with_context("second half"));
  return second;
}

TEST(Result, TryReturnsTheErrorWithItsContext) {
  EXPECT_EQ(*quarter(8), 2);
  const Result<int> failed = quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text(), "second half: odd");
  EXPECT_EQ(failed.error().code(), ErrorCode::invalid);
}

TEST(Error, KeepsItsReasonUnderContext) {
  const Error changed =
      fail(ErrorCode::conflict, "it was changed", "precondition_failed").value().with_context("save");
  EXPECT_EQ(changed.text(), "save: it was changed");
  EXPECT_EQ(changed.reason(), "precondition_failed");
  EXPECT_EQ(http_status_of(changed), 412);
  EXPECT_EQ(http_status_of(Error(ErrorCode::conflict, "x", "gate_failed")), 409);
  EXPECT_EQ(http_status_of(Error(ErrorCode::not_found, "x [throttled]")), 404);
}

TEST(Error, TakesCodeAndTextFromErrno) {
  EXPECT_EQ(Error::from_errno("open x", ENOENT).code(), ErrorCode::not_found);
  EXPECT_EQ(Error::from_errno("write x", ENOSPC).code(), ErrorCode::no_space);
  EXPECT_EQ(Error::from_errno("open x", ENOENT).text(), "open x: No such file or directory");
}

TEST(Error, EveryCodeHasItsOwnRowInTheTable) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    const ErrorMapping& row = mapping_of(static_cast<ErrorCode>(code));
    EXPECT_EQ(static_cast<int>(row.code), code);
    EXPECT_GE(row.http_status, 400);
    EXPECT_NE(row.exit_status, 0);
    names.insert(row.name);
  }
  EXPECT_EQ(names.size(), 10u);
}

TEST(Error, HttpStatusOfAPeerBecomesACode) {
  EXPECT_EQ(error_code_of_http_status(404), ErrorCode::not_found);
  EXPECT_EQ(error_code_of_http_status(500), ErrorCode::unavailable);
  EXPECT_EQ(error_code_of_http_status(418), ErrorCode::invalid);
}

}  // namespace
}  // namespace stratus
