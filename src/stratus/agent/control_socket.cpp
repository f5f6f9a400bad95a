#include "stratus/agent/control_socket.hpp"

#include <cerrno>
#include <cstring>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "stratus/agent/spare_directory.hpp"
#include "stratus/base/file.hpp"

namespace stratus::agent {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

namespace {

// Of the two places of an agent's socket. `directory` holds DATA open, which the first goes by: a socket's
// path has room for 107 bytes, DATA may have more.
struct SocketAddresses {
  FileDescriptor directory;
  sockaddr_un in_data{}, spare{};
};

sockaddr_un socket_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.native().size() + 1);
  return address;
}

Result<SocketAddresses> addresses_of(const std::filesystem::path& data) {
  SocketAddresses out;
  STRATUS_TRY(directory, open_agent_directory(data));
  out.in_data = socket_address(fmt::format("/proc/self/fd/{}/agent.sock", directory.get()));
  out.spare = socket_address(spare_directory(data) / "agent.sock");
  out.directory = std::move(directory);
  return out;
}

bool bind_privately(const FileDescriptor& socket, const sockaddr_un& address) {
  const mode_t before = ::umask(0177);
  const int done = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  return done == 0;
}

bool connect_to(const FileDescriptor& socket, const sockaddr_un& address) {
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::string answer_to(std::string_view word, Agent& agent) {
  if (word == "status") return agent.status();
  if (word == "check") {
    agent.check_now();
  } else if (word == "cancel") {
    if (!agent.cancel("")) return R"({"ok":true,"idle":true})";
  } else if (word == "stop") {
    agent.stop(true);
  } else {
    return R"({"error":"unknown word"})";
  }
  return R"({"ok":true})";
}

Result<std::string> no_agent(const std::filesystem::path& data, int number) {
  return fail(ErrorCode::unavailable,
              fmt::format("no agent answers in {}: {}", data.string(), std::strerror(number)));
}

net::Task<void> serve(Protocol::socket socket, Agent& agent) {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  std::string word(64, '\0');
  const auto into = asio::buffer(word);
  const std::size_t count = co_await socket.async_read_some(into, token);
  if (error) co_return;
  word.resize(count);
  word.erase(word.find_last_not_of("\r\n ") + 1);
  const std::string answer = answer_to(word, agent) + "\n";
  const auto out = asio::buffer(answer);
  (void)co_await asio::async_write(socket, out, token);
}

class AsioControlSocket final : public ControlSocket {
 public:
  AsioControlSocket(net::Executor executor, int fd, Agent& agent)
      : acceptor_(executor, Protocol(), fd), agent_(agent) {}

  net::Task<void> accept() {
    const net::Executor executor = acceptor_.get_executor();
    for (;;) {
      boost::system::error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      Protocol::socket peer = co_await acceptor_.async_accept(token);
      if (error == asio::error::operation_aborted) co_return;
      if (error) continue;
      asio::co_spawn(executor, serve(std::move(peer), agent_), asio::detached);
    }
  }

 private:
  Protocol::acceptor acceptor_;
  Agent& agent_;
};

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(net::Executor executor,
                                                           const std::filesystem::path& data, Agent& agent) {
  STRATUS_TRY(listener, listen_for_words(data));
  auto made = std::make_unique<AsioControlSocket>(executor, listener.release(), agent);
  asio::co_spawn(executor, made->accept(), asio::detached);
  return std::unique_ptr<ControlSocket>(std::move(made));
}

Result<FileDescriptor> listen_for_words(const std::filesystem::path& data) {
  STRATUS_TRY(target, addresses_of(data));
  FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  (void)::unlink(target.in_data.sun_path);
  (void)::unlink(target.spare.sun_path);
  if (!bind_privately(listener, target.in_data)) {
    const Error why = Error::from_errno("control socket in " + data.string());
    STRATUS_CHECK(make_directories(spare_directory(data)).with_context(why.text()));
    if (!bind_privately(listener, target.spare)) return fail(why);
  }
  if (::listen(listener.get(), 16) != 0) return fail(Error::from_errno("control socket in " + data.string()));
  return listener;
}

Result<FileDescriptor> open_agent_directory(const std::filesystem::path& data) {
  return open_file(data, O_PATH | O_DIRECTORY)
      .with_context("no agent has run there: --data is the directory that `stratus-agent run` was given");
}

Result<std::string> ask_agent(const std::filesystem::path& data, std::string_view word) {
  STRATUS_TRY(target, addresses_of(data));
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{5, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (!connect_to(socket, target.in_data)) {
    const int why = errno;
    if (!connect_to(socket, target.spare)) return no_agent(data, why);
  }
  return ask_over(std::move(socket), data, word);
}

Result<std::string> ask_over(FileDescriptor socket, const std::filesystem::path& data,
                             std::string_view word) {
  // A word is far smaller than a socket's buffer: it goes as a whole.
  if (::send(socket.get(), word.data(), word.size(), MSG_NOSIGNAL) < 0) return no_agent(data, errno);
  std::string answer;
  char buffer[4096];
  for (;;) {
    const ssize_t count = ::read(socket.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) return no_agent(data, errno);
    if (count < 0) return fail(ErrorCode::timeout, "the agent did not answer");
    if (count == 0) break;
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  if (!answer.ends_with('\n')) return no_agent(data, ECONNRESET);
  return answer;
}

}  // namespace stratus::agent
