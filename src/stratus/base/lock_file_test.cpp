#include "stratus/base/lock_file.hpp"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus {
namespace {

constexpr Millis kLong{60000};

TEST(LockFile, OneHolderAtATime) {
  const testing::TemporaryDirectory data;
  {
    const auto held = lock_file(data / "lock", "in use", Millis(0));
    ASSERT_TRUE(held) << held.error().text();
    const auto second = lock_file(data / "lock", "in use: stop it", Millis(30));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::conflict);
    EXPECT_EQ(second.error().text(), "in use: stop it");
  }
  EXPECT_TRUE(lock_file(data / "lock", "in use", Millis(0)));
}

TEST(LockFile, AFileThatCannotBeMadeIsNoConflict) {
  const testing::TemporaryDirectory data;
  const auto lock = lock_file(data / "missing" / "lock", "in use", Millis(0));
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code(), ErrorCode::not_found);
}

TEST(LockFile, WaitsForAHolderThatIsEnding) {
  const testing::TemporaryDirectory data;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t holder = ::fork();
  ASSERT_GE(holder, 0);
  if (holder == 0) {
    const auto lock = lock_file(data / "lock", "in use", Millis(0));
    const char word = lock ? 'y' : 'n';
    if (::write(ready[1], &word, 1) != 1) ::_exit(1);
    ::usleep(50'000);  // any time below kLong does: the parent meets the lock held or free, and gets it
    ::kill(::getpid(), SIGKILL);
  }
  char word = 0;
  ASSERT_EQ(::read(ready[0], &word, 1), 1);
  ASSERT_EQ(word, 'y');
  const auto lock = lock_file(data / "lock", "in use", kLong);
  EXPECT_TRUE(lock) << lock.error().text();
  ::waitpid(holder, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace stratus
