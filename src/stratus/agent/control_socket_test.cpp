#include "stratus/agent/control_socket.hpp"

#include <filesystem>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stratus/agent/spare_directory.hpp"
#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::agent {
namespace {

struct Connection {
  FileDescriptor ours, agents;
};

Connection connect() {
  int pair[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  return {FileDescriptor(pair[0]), FileDescriptor(pair[1])};
}

TEST(AskAgentTest, AWholeLineIsTheAnswer) {
  Connection made = connect();
  ASSERT_EQ(::write(made.agents.get(), "{}\n", 3), 3);
  ASSERT_EQ(::shutdown(made.agents.get(), SHUT_WR), 0);
  const auto answer = ask_over(std::move(made.ours), "/data", "status");
  ASSERT_TRUE(answer.has_value()) << answer.error().text();
  EXPECT_EQ(*answer, "{}\n");
}

// Killed between accepting and reading: the asker gets an error, no SIGPIPE.
TEST(AskAgentTest, AnAgentThatEndedBeforeTheWordIsUnavailable) {
  Connection made = connect();
  made.agents = FileDescriptor();
  const auto answer = ask_over(std::move(made.ours), "/data", "status");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), ErrorCode::unavailable);
  EXPECT_NE(answer.error().text().find("/data"), std::string::npos);
}

TEST(AskAgentTest, HalfAnAnswerIsNone) {
  Connection made = connect();
  ASSERT_EQ(::write(made.agents.get(), "{\"state\"", 8), 8);
  ASSERT_EQ(::shutdown(made.agents.get(), SHUT_WR), 0);
  const auto answer = ask_over(std::move(made.ours), "/data", "status");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), ErrorCode::unavailable);
}

// Answers one asker of DATA with "{}".
void expect_answer_in(const std::filesystem::path& data) {
  auto listener = listen_for_words(data);
  ASSERT_TRUE(listener.has_value()) << listener.error().text();
  std::thread agent([&] {
    const FileDescriptor peer(::accept(listener->get(), nullptr, nullptr));
    char word[64];
    EXPECT_EQ(::read(peer.get(), word, sizeof word), 6);
    EXPECT_EQ(::write(peer.get(), "{}\n", 3), 3);
  });
  const auto answer = ask_agent(data, "status");
  agent.join();
  ASSERT_TRUE(answer.has_value()) << answer.error().text();
  EXPECT_EQ(*answer, "{}\n");
}

TEST(ControlSocketTest, ReplacesWhatADeadAgentLeft) {
  const testing::TemporaryDirectory data;
  expect_answer_in(data.path());
  expect_answer_in(data.path());
}

TEST(ControlSocketTest, ADiskThatTakesNoMoreStillHasAnAgentThatAnswers) {
  if (::access("/run", W_OK) != 0) GTEST_SKIP() << "only root may write to /run";
  const std::filesystem::path full = "/proc/self/task";  // nothing can be made there
  expect_answer_in(full);
  EXPECT_EQ(std::filesystem::remove_all(spare_directory(full)), 2u);
  EXPECT_EQ(ask_agent(full, "status").error().code(), ErrorCode::unavailable);
}

}  // namespace
}  // namespace stratus::agent
