#include "stratus/base/program_pages.hpp"

#include <gtest/gtest.h>

#include "stratus/base/file.hpp"

namespace stratus {
namespace {

std::uint64_t resident_file_kb() {
  const auto status = read_file("/proc/self/status", 1 << 16);
  const std::size_t at = status ? status->find("RssFile:") : std::string::npos;
  return at == std::string::npos ? 0 : std::stoull(status->substr(at + 8));
}

TEST(ProgramPages, AreGivenBackAndComeAgain) {
  const std::uint64_t before = resident_file_kb();
  if (before == 0) GTEST_SKIP() << "the kernel does not tell";
  EXPECT_GT(release_program_pages(), 0U);
  EXPECT_LT(resident_file_kb(), before);
  // Everything still works: code, constants, relocated tables.
  EXPECT_EQ(std::to_string(12345), "12345");
  EXPECT_THROW(std::stoi("x"), std::invalid_argument);
  (void)release_program_pages();
}

}  // namespace
}  // namespace stratus
