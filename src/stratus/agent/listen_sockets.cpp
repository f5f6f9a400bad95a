#include "stratus/agent/listen_sockets.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <sstream>

#include <arpa/inet.h>
#include <dirent.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stratus/agent/config.hpp"

namespace stratus::agent {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

Result<Address> parse_address(const std::string& text) {
  const auto parsed = parse_host_port(text);
  Address address;
  if (parsed && (parsed->host.empty() || parsed->host.find(':') != std::string::npos)) {
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(parsed->port);
    address.length = sizeof *v6;
    const char* const host = parsed->host.empty() ? "::" : parsed->host.c_str();
    if (::inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) return address;
  } else if (parsed) {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(parsed->port);
    address.length = sizeof *v4;
    const std::string host = parsed->host == "localhost" ? "127.0.0.1" : parsed->host;
    if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) return address;
  }
  return fail(ErrorCode::invalid, fmt::format("'{}' is not address:port with a numeric address", text));
}

bool same_address(const Address& wanted, int socket) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) return false;
  Address found;
  found.length = sizeof found.storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&found.storage), &found.length) != 0) return false;
  return found.length == wanted.length && std::memcmp(&found.storage, &wanted.storage, found.length) == 0;
}

// Names in a directory of /proc that are numbers.
std::vector<int> numbers_in(const std::string& path) {
  std::vector<int> numbers;
  DIR* const directory = ::opendir(path.c_str());
  if (directory == nullptr) return numbers;
  while (const dirent* const entry = ::readdir(directory)) {
    int number = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, number).ec == std::errc()) numbers.push_back(number);
  }
  ::closedir(directory);
  return numbers;
}

std::vector<int> descriptors_of(int pid) { return numbers_in(fmt::format("/proc/{}/fd", pid)); }

bool is_socket(int pid, int number) {
  char target[64];
  const ssize_t length =
      ::readlink(fmt::format("/proc/{}/fd/{}", pid, number).c_str(), target, sizeof target);
  return std::string_view(target, length < 0 ? 0 : static_cast<std::size_t>(length)).substr(0, 8) ==
         "socket:[";
}

FileDescriptor copy_of(int pidfd, int number) {
  return FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, number, 0)));
}

std::optional<FileDescriptor> take_over(const Address& wanted, int pidfd, int pid) {
  for (const int number : descriptors_of(pid)) {
    if (!is_socket(pid, number)) continue;
    FileDescriptor copy = copy_of(pidfd, number);
    if (copy && same_address(wanted, copy.get())) return copy;
  }
  return std::nullopt;
}

Result<FileDescriptor> open_new(const Address& address, const std::string& text) {
  FileDescriptor socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(Error::from_errno("socket"));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0 ||
      ::listen(socket.get(), 1024) != 0) {
    return fail(Error::from_errno("listen on " + text));
  }
  return socket;
}

bool listens_with(int socket, std::uint16_t port) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) return false;
  sockaddr_storage address{};
  size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  if (address.ss_family == AF_INET) return reinterpret_cast<sockaddr_in*>(&address)->sin_port == htons(port);
  if (address.ss_family == AF_INET6)
    return reinterpret_cast<sockaddr_in6*>(&address)->sin6_port == htons(port);
  return false;
}

std::vector<int> children_of(int pid) {
  std::vector<int> found;
  for (const int thread : numbers_in(fmt::format("/proc/{}/task", pid))) {
    const auto children = read_file(fmt::format("/proc/{}/task/{}/children", pid, thread), 64u << 10);
    std::istringstream words(children ? *children : "");
    for (int child = 0; words >> child;) found.push_back(child);
  }
  return found;
}

}  // namespace

Result<std::vector<FileDescriptor>> open_listen_sockets(const std::vector<std::string>& addresses, int pidfd,
                                                        int pid) {
  std::vector<FileDescriptor> sockets;
  for (const std::string& text : addresses) {
    STRATUS_TRY(address, parse_address(text));
    if (pidfd >= 0) {
      if (auto taken = take_over(address, pidfd, pid)) {
        sockets.push_back(std::move(*taken));
        continue;
      }
    }
    STRATUS_TRY(socket, open_new(address, text));
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

// Not by /proc/net/tcp: with ten thousand closed connections in it that takes half a second.
bool listens_on(int pid, std::uint16_t port) {
  constexpr std::size_t kMostProcesses = 256;
  std::vector<int> processes{pid};
  for (std::size_t i = 0; i < processes.size() && i < kMostProcesses; ++i) {
    const FileDescriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, processes[i], 0)));
    for (const int number : descriptors_of(processes[i])) {
      if (!is_socket(processes[i], number)) continue;
      const FileDescriptor copy = copy_of(pidfd.get(), number);
      if (copy && listens_with(copy.get(), port)) return true;
    }
    const std::vector<int> children = children_of(processes[i]);
    processes.insert(processes.end(), children.begin(), children.end());
  }
  return false;
}

}  // namespace stratus::agent
