#include "stratus/agent/listen_sockets.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <set>
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

std::vector<int> with_descendants(int pid) {
  constexpr std::size_t kMost = 256;
  std::vector<int> processes{pid};
  for (std::size_t i = 0; i < processes.size() && processes.size() < kMost; ++i) {
    for (const int thread : numbers_in(fmt::format("/proc/{}/task", processes[i]))) {
      const auto children =
          read_file(fmt::format("/proc/{}/task/{}/children", processes[i], thread), 64u << 10);
      std::istringstream words(children ? *children : "");
      for (int child = 0; words >> child;) processes.push_back(child);
    }
  }
  return processes;
}

// "socket:[12345]" → 12345.
std::optional<std::uint64_t> socket_inode(int pid, int number) {
  char target[64];
  const ssize_t length =
      ::readlink(fmt::format("/proc/{}/fd/{}", pid, number).c_str(), target, sizeof target);
  const std::string_view text(target, length < 0 ? 0 : static_cast<std::size_t>(length));
  if (text.substr(0, 8) != "socket:[") return std::nullopt;
  std::uint64_t inode = 0;
  (void)std::from_chars(text.data() + 8, text.data() + text.size(), inode);
  return inode;
}

std::optional<FileDescriptor> take_over(const Address& wanted, int pidfd, int pid) {
  for (const int number : descriptors_of(pid)) {
    if (!socket_inode(pid, number)) continue;
    FileDescriptor copy(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, number, 0)));
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

// Inodes of sockets that listen on the port, from /proc/PID/net/tcp and tcp6 (proc(5)).
std::set<std::uint64_t> listening_inodes(int pid, std::uint16_t port) {
  std::set<std::uint64_t> inodes;
  for (const char* const table : {"tcp", "tcp6"}) {
    const auto text = read_file(fmt::format("/proc/{}/net/{}", pid, table), 16u << 20);
    if (!text) continue;
    std::istringstream lines(*text);
    std::string line;
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::string number, local, remote, state, queues, timer, retransmits, uid, timeout;
      std::uint64_t inode = 0;
      words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >>
          inode;
      if (state == "0A" && local.size() > 5 &&
          local.substr(local.size() - 5) == fmt::format(":{:04X}", port)) {
        inodes.insert(inode);
      }
    }
  }
  return inodes;
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

bool listens_on(int pid, std::uint16_t port) {
  const std::set<std::uint64_t> inodes = listening_inodes(pid, port);
  if (inodes.empty()) return false;
  for (const int process : with_descendants(pid)) {
    for (const int number : descriptors_of(process)) {
      const auto inode = socket_inode(process, number);
      if (inode && inodes.contains(*inode)) return true;
    }
  }
  return false;
}

}  // namespace stratus::agent
