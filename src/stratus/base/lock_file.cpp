#include "stratus/base/lock_file.hpp"

#include <cerrno>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>

#include "stratus/base/log.hpp"

namespace stratus {

namespace {
// flock itself waits for ever, and a signal to end its waiting would be the whole process's.
constexpr Millis kLookEvery{10};
}  // namespace

Result<FileDescriptor> lock_file(const std::filesystem::path& file, std::string_view refusal,
                                 Millis patience) {
  STRATUS_TRY(lock, open_file(file, O_RDWR | O_CREAT, 0600));
  const SteadyTime deadline = system_clock().steady() + patience;
  bool told = false;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return fail(Error::from_errno("lock " + file.string()));
    if (system_clock().steady() >= deadline) return fail(ErrorCode::conflict, std::string(refusal));
    if (!told) log::info("lock", "{} is held by another process; waiting for its end", file.string());
    told = true;
    std::this_thread::sleep_for(kLookEvery);
  }
  return lock;
}

}  // namespace stratus
