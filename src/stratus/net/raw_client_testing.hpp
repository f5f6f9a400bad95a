// For tests only: a client that sends and receives any bytes.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "stratus/base/file.hpp"

namespace stratus::net {

// A plain blocking socket, so that any bytes can be sent.
class RawClient {
 public:
  RawClient() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  explicit RawClient(std::uint16_t port) : RawClient() { connect(port); }
  int fd() const { return fd_.get(); }
  void connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      ADD_FAILURE() << "connect";
  }
  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return;  // the server has closed: what it said is still to be read
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  // Until `text` has arrived, or the end.
  std::string read_until(std::string_view text) {
    while (received_.find(text) == std::string::npos && read_more()) {
    }
    const std::size_t end = received_.find(text);
    const std::size_t size = end == std::string::npos ? received_.size() : end + text.size();
    std::string out = received_.substr(0, size);
    received_.erase(0, size);
    return out;
  }
  std::string read_to_end() {
    while (read_more()) {
    }
    return std::exchange(received_, {});
  }
  // One response with Content-Length.
  std::string read_response() {
    std::string head = read_until("\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    const std::size_t length = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    while (received_.size() < length && read_more()) {
    }
    const std::string body = received_.substr(0, length);
    received_.erase(0, length);
    return head + body;
  }
  bool was_reset() const { return reset_; }

 private:
  bool read_more() {
    char buffer[65536];
    const ssize_t count = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    reset_ = count < 0 && errno == ECONNRESET;
    if (count > 0) received_.append(buffer, static_cast<std::size_t>(count));
    return count > 0;
  }
  FileDescriptor fd_;
  std::string received_;
  bool reset_ = false;
};

}  // namespace stratus::net
