#include "stratus/agent/control_command.hpp"

#include <gtest/gtest.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::agent {
namespace {

struct Doings {
  int checks = 0, reports = 0;
  std::vector<wire::LogEntry> sent;
  ControlDeeds deeds(std::filesystem::path log) {
    return {[this] { ++checks; }, [this] { ++reports; },
            [this](std::vector<wire::LogEntry> lines) { sent = std::move(lines); }, std::move(log)};
  }
};

TEST(ControlCommand, DoesWhatIsAskedAndSaysSo) {
  const testing::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomically(directory / "service.log", "one\n\ntwo\n"));
  Doings doings;
  const ControlDeeds deeds = doings.deeds(directory / "service.log");
  EXPECT_EQ(obey({"c1", "check_now"}, deeds).status, "done");
  EXPECT_EQ(obey({"c2", "report_metrics"}, deeds).status, "done");
  const wire::CommandAnswer answer = obey({"c3", "send_log"}, deeds);
  EXPECT_EQ(answer.command, "c3");
  EXPECT_EQ(answer.status, "done");
  EXPECT_EQ(doings.checks, 1);
  EXPECT_EQ(doings.reports, 1);
  ASSERT_EQ(doings.sent.size(), 2u);
  EXPECT_EQ(doings.sent[0].message, "one");
  EXPECT_EQ(doings.sent[1].message, "two");
}

TEST(ControlCommand, RefusesWhatItDoesNotKnowOrHave) {
  const testing::TemporaryDirectory directory;
  Doings doings;
  const ControlDeeds deeds = doings.deeds(directory / "service.log");
  const wire::CommandAnswer unknown = obey({"c1", "reboot"}, deeds);
  EXPECT_EQ(unknown.status, "refused");
  EXPECT_EQ(unknown.reason, "unknown_command");
  EXPECT_EQ(obey({"c2", "send_log"}, deeds).reason, "no_log");
  EXPECT_EQ(doings.checks + doings.reports, 0);
  EXPECT_TRUE(doings.sent.empty());
}

TEST(LastLines, AreTheNewestOldestFirst) {
  std::string said;
  for (int i = 0; i < 300; ++i) said += "line " + std::to_string(i) + "\n";
  const auto lines = last_lines_of(said);
  ASSERT_EQ(lines.size(), wire::LogMessage::kMaxEntries);
  EXPECT_EQ(lines.front().message, "line 100");
  EXPECT_EQ(lines.back().message, "line 299");
  EXPECT_TRUE(last_lines_of(" \n\t\n").empty());
}

TEST(LastLines, OfALongLogAreWhole) {
  const testing::TemporaryDirectory directory;
  const auto log = directory / "service.log";
  ASSERT_TRUE(write_file_atomically(log, std::string(kMaxLogRead, 'x') + "\nwhole\n"));
  auto lines = last_lines_in(log);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].message, "whole");
  ASSERT_TRUE(write_file_atomically(log, std::string(2 * kMaxLogRead, 'x') + "\n"));
  lines = last_lines_in(log);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].message.size(), 4096u);
}

// Whatever a service writes, the server can read the message.
TEST(LastLines, FitIntoOneMessage) {
  const testing::TemporaryDirectory directory;
  const auto log = directory / "service.log";
  const std::string quotes = std::string(80, '"') + "\n";
  for (const std::string_view line : {std::string_view(quotes), std::string_view("\x01\x02\xff\xfe\x1b[0m\n"),
                                      std::string_view("한글\n")}) {
    std::string said;
    while (said.size() < 2 * kMaxLogRead) said += line;
    ASSERT_TRUE(write_file_atomically(log, said));
    wire::LogMessage message;
    message.entries = last_lines_in(log);
    EXPECT_EQ(message.entries.size(), wire::LogMessage::kMaxEntries);
    const std::string text = wire::encode_log(message);
    EXPECT_TRUE(wire::parse_log(text)) << text.size();
  }
  ASSERT_TRUE(write_file_atomically(log, std::string(kMaxLogRead, '"')));
  wire::LogMessage message;
  message.entries = last_lines_in(log);
  EXPECT_TRUE(wire::parse_log(wire::encode_log(message)));
}

}  // namespace
}  // namespace stratus::agent
