#include "stratus/agent/listen_sockets.hpp"

#include <csignal>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stratus::agent {
namespace {

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

TEST(ListensOn, OnlyWhoHoldsAListeningSocketOfThatPort) {
  auto sockets = open_listen_sockets({"127.0.0.1:0"}, -1, 0);
  ASSERT_TRUE(sockets) << sockets.error().text();
  const std::uint16_t port = port_of(sockets->at(0).get());
  EXPECT_TRUE(listens_on(::getpid(), port));
  EXPECT_FALSE(listens_on(::getpid(), static_cast<std::uint16_t>(port + 1)));
  EXPECT_FALSE(listens_on(1 << 22, port)) << "no such process";
  // A connection of that port is no listener.
  const FileDescriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const FileDescriptor accepted(::accept(sockets->at(0).get(), nullptr, nullptr));
  sockets->clear();
  EXPECT_EQ(port_of(accepted.get()), port);
  EXPECT_FALSE(listens_on(::getpid(), port));
}

TEST(ListensOn, AChildCounts) {
  auto sockets = open_listen_sockets({"127.0.0.1:0"}, -1, 0);
  ASSERT_TRUE(sockets);
  const std::uint16_t port = port_of(sockets->at(0).get());
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  sockets->clear();
  EXPECT_TRUE(listens_on(::getpid(), port)) << "the child has it still";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(listens_on(::getpid(), port));
}

}  // namespace
}  // namespace stratus::agent
