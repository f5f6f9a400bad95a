#include "stratus/net/descriptors.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace stratus::net {
namespace {

FileDescriptor open_nothing() { return FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

SpareDescriptor::SpareDescriptor() : spare_(open_nothing()) {}

void SpareDescriptor::refuse_one(int listener) {
  spare_.reset();
  FileDescriptor refused(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (refused) {
    const linger hard{1, 0};
    ::setsockopt(refused.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  refused.reset();  // else there is none to keep back again
  spare_ = open_nothing();
}

}  // namespace stratus::net
