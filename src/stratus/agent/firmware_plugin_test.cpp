#include "stratus/agent/firmware_plugin.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::agent {
namespace {

class FirmwarePluginTest : public ::testing::Test {
 protected:
  PluginCall call(const std::string& script) const {
    PluginCall call;
    call.command = {"/bin/sh", "-c", script, "plugin"};
    call.word = "install";
    call.file = "/tmp/a file";
    call.input = R"({"name":"board"})";
    call.limit = std::chrono::seconds(20);
    return call;
  }
  testing::TemporaryDirectory directory_;
};

TEST_F(FirmwarePluginTest, ArgumentsInputAndStatusArrive) {
  const auto answer = call_plugin(call(R"(read line; echo noise; echo "$1|$2|$line"; exit 3)"));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 3);
  EXPECT_FALSE(answer->well());
  EXPECT_EQ(answer->text(), R"(exit status 3: install|/tmp/a file|{"name":"board"})");
}

TEST_F(FirmwarePluginTest, LaterIsAStatusOfItsOwn) {
  EXPECT_TRUE(call_plugin(call("exit 75"))->later());
  EXPECT_TRUE(call_plugin(call("exit 0"))->well());
  EXPECT_EQ(call_plugin(call("kill -9 $$"))->text(), "ended by signal 9");
}

TEST_F(FirmwarePluginTest, AProgramThatTalksWithoutEndIsNotHeldUp) {
  EXPECT_TRUE(call_plugin(call("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done"))->well());
}

TEST_F(FirmwarePluginTest, TooLongAndCancelledEndItWithItsChildren) {
  const std::string mark = (directory_ / "mark").string();
  PluginCall slow = call("(sleep 1; touch '" + mark + "') & sleep 30");
  slow.limit = std::chrono::milliseconds(100);
  EXPECT_TRUE(call_plugin(slow)->timed_out);
  PluginCall cancelled = call("sleep 30");
  cancelled.is_cancelled = [] { return true; };
  EXPECT_TRUE(call_plugin(cancelled)->cancelled);
  EXPECT_TRUE(call_plugin(call("sleep 1.2"))->well());
  EXPECT_FALSE(std::filesystem::exists(mark)) << "a child of the first went on";
}

TEST_F(FirmwarePluginTest, AMissingProgramIsNotTheReleasesFault) {
  PluginCall missing = call("");
  missing.command = {(directory_ / "nothing").string()};
  EXPECT_EQ(call_plugin(missing).error().code(), ErrorCode::internal);
}

}  // namespace
}  // namespace stratus::agent
