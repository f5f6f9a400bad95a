#include "stratus/base/random.hpp"

#include <cerrno>
#include <cstdlib>

#include <sys/random.h>

#include "stratus/base/log.hpp"

namespace stratus {

void fill_random(std::span<std::uint8_t> into) {
  while (!into.empty()) {
    const ssize_t got = ::getrandom(into.data(), into.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      log::error("base", "the kernel gives no random bytes");
      std::abort();
    }
    into = into.subspan(static_cast<std::size_t>(got));
  }
}

std::string random_hex(std::size_t bytes) {
  Bytes random(bytes);
  fill_random(random);
  return to_hex(random);
}

}  // namespace stratus
