#include "stratus/agent/notifier.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::agent {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  FileDescriptor read, write;
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read = FileDescriptor(ends[0]);
    write = FileDescriptor(ends[1]);
  }
  void feed() const { EXPECT_EQ(::write(write.get(), "x", 1), 1); }
};

// No descriptor can be made while one of these lives.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
    ::close(lowest_free);
    const rlimit none{static_cast<rlim_t>(lowest_free), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit before_{};
};

net::Task<Result<void>> feed_later(const Pipe& pipe, bool& seen) {
  const int fd = pipe.read.get();
  const std::chrono::milliseconds instant = 1ms;
  // With descriptors, so that the loop has its own.
  const bool early = co_await wait_readable(fd, instant);
  EXPECT_FALSE(early);
  const NoMoreDescriptors none;
  const bool still_early = co_await wait_readable(fd, instant);
  EXPECT_FALSE(still_early);
  pipe.feed();
  const std::chrono::milliseconds limit = 10s;
  seen = co_await wait_readable(fd, limit);
  co_return Result<void>();
}

TEST(WaitReadable, WorksWithoutAnyDescriptorLeft) {
  const Pipe pipe;
  net::Loop loop;
  bool seen = false;
  const Result<void> ended = loop.run(feed_later(pipe, seen));
  EXPECT_TRUE(ended) << ended.error().text();
  EXPECT_TRUE(seen);
}

net::Task<Result<void>> race(const Pipe& pipe, int rounds) {
  const int fd = pipe.read.get();
  for (int i = 0; i < rounds; ++i) {
    // Both are due at once: the timer's call arrives when the frame it looks at is gone already.
    pipe.feed();
    const std::chrono::milliseconds instant{i % 2};
    (void)co_await wait_readable(fd, instant);
    char byte = 0;
    EXPECT_EQ(::read(fd, &byte, 1), 1);
  }
  co_return Result<void>();
}

// Says something in the sanitizer build.
TEST(WaitReadable, ATimerThatGoesOffTogetherWithTheDescriptorTouchesNothing) {
  const Pipe pipe;
  net::Loop loop;
  const Result<void> ended = loop.run(race(pipe, 2'000));
  EXPECT_TRUE(ended) << ended.error().text();
}

}  // namespace
}  // namespace stratus::agent
