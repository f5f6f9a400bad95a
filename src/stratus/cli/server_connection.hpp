// The server's HTTP interface for a command: requests one after the other, each call blocks. Adds the token,
// turns refusals into errors that say what the server said.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"
#include "stratus/base/sink.hpp"
#include "stratus/cli/common.hpp"
#include "stratus/net/http_message.hpp"

namespace stratus::cli {

// What an answer that is read as a whole may take, bytes: 500 firmware versions with 16 KiB of notes each.
constexpr std::size_t kMaxAnswer = 16u << 20;

struct Request {
  std::string method = "GET";
  std::string path;  // "/api/v1/…", or a whole URL of the same server (a Location)
  std::string content_type;
  std::string accept;
  std::string body;
  std::filesystem::path file;  // instead of body: `length` bytes of it from `offset`
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  net::Headers headers;
  std::uint64_t max_answer = kMaxAnswer;  // bytes
  bool repeatable = false;                // may be sent twice although its method does not say so
};

struct Answer {
  int status = 0;
  net::Headers headers;
  std::string body;
};

class ServerConnection {
 public:
  // `invalid` without --server or with an unreadable token file.
  static Result<std::unique_ptr<ServerConnection>> open(const CommonOptions& common);
  ~ServerConnection();

  // Any status is an answer; failing to get one is an error. GET, HEAD and PUT are repeated when the
  // connection breaks.
  Result<Answer> send(const Request& request);
  // As send(), but a status other than 2xx is an error.
  Result<Answer> expect_success(const Request& request);
  Result<void> download(const std::string& path, const ByteSink& sink);

 private:
  struct Impl;
  explicit ServerConnection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// "PUT /v2/…: the server's own words", with the code that fits the status.
Error refusal(const Request& request, const Answer& answer);

}  // namespace stratus::cli
