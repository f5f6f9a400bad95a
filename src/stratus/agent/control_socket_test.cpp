#include "stratus/agent/control_socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

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

}  // namespace
}  // namespace stratus::agent
