#include "stratus/runtime/process.hpp"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stratus::runtime {
namespace {

TEST(Process, AnotherBootOrStartTimeIsAnotherProcess) {
  const auto self = identify(::getpid());
  ASSERT_TRUE(self) << self.error().text();
  EXPECT_TRUE(open_process(*self));
  ProcessIdentity other = *self;
  other.start_ticks += 1;
  EXPECT_FALSE(open_process(other));
  other = *self;
  other.boot_id = "another";
  EXPECT_FALSE(open_process(other));
}

TEST(Process, AnEndedChildIsGoneBeforeItIsReaped) {
  const int pid = ::fork();
  if (pid == 0) {
    ::pause();
    ::_exit(0);
  }
  const auto identity = identify(pid);
  ASSERT_TRUE(identity);
  auto pidfd = open_process(*identity);
  ASSERT_TRUE(pidfd);
  EXPECT_FALSE(wait_for_exit(pidfd->get(), std::chrono::milliseconds(0)));
  ASSERT_TRUE(send_signal(pidfd->get(), SIGKILL));
  ASSERT_TRUE(wait_for_exit(pidfd->get(), std::chrono::seconds(10)));
  EXPECT_FALSE(open_process(*identity));
  EXPECT_EQ(describe(reap(pidfd->get())), "killed by SIGKILL");
  EXPECT_EQ(describe(reap(pidfd->get())), "ended");
}

TEST(Process, SignalNames) {
  EXPECT_EQ(signal_name(SIGTERM), "SIGTERM");
  EXPECT_EQ(signal_name(42), "signal 42");
  EXPECT_EQ(parse_signal("SIGTERM"), SIGTERM);
  EXPECT_EQ(parse_signal("INT"), SIGINT);
  EXPECT_EQ(parse_signal("9"), SIGKILL);
  EXPECT_EQ(parse_signal("0"), std::nullopt);
  EXPECT_EQ(parse_signal("NOPE"), std::nullopt);
  EXPECT_EQ(parse_signal("9x"), std::nullopt);
}

}  // namespace
}  // namespace stratus::runtime
