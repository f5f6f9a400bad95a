#include <array>
#include <cstdlib>
#include <filesystem>

#include "sim/sim_testing.hpp"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stratus::mcu::sim {
namespace {

bool long_form() {
  const char* value = std::getenv("STRATUS_LONG");
  return value != nullptr && *value != 0;
}

TEST(McuPowerCut, NoCutAnywhereHarmsADevice) {
  Campaign campaign;
  campaign.exhaustive = long_form();
  campaign.thin = kSanitized ? 10 : 1;
  campaign.run();
  EXPECT_THAT(campaign.messages, testing::IsEmpty());
  EXPECT_EQ(campaign.failures, 0u);
  EXPECT_GT(campaign.runs, campaign.thin == 1 ? 5000u : 500u);
}

// The simulator is worth something only if it sees faults. Each mutant is the simulator around a library with
// one fault (mutants.cmake) and must end with status 1: "an invariant was broken".
class McuMutant : public testing::TestWithParam<const char*> {};

TEST_P(McuMutant, IsCaught) {
  const auto program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "mcu-mutants" / GetParam();
  ASSERT_TRUE(std::filesystem::exists(program)) << program;
  const int status = std::system((program.string() + " --stop-at-failure >/dev/null 2>&1").c_str());
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

INSTANTIATE_TEST_SUITE_P(All, McuMutant,
                         testing::Values("record_crc_unchecked", "rotation_erases_current_sector",
                                         "torn_record_taken_as_blank", "mark_before_data", "no_marks",
                                         "resume_without_erase", "staged_unverified", "target_change_ignored",
                                         "tries_not_counted", "trial_unverified"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace stratus::mcu::sim
