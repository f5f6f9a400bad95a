// The console's pages: files that `./dev build` made from web/ and that are part of the program, under every
// path that is no interface. What is not a file is an address inside the console, and answers its index page
// to browsers. Runs on the loop; holds no state of its own.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "stratus/net/http_server.hpp"

namespace stratus::server {

struct ConsoleFile {
  std::string_view path;  // "/assets/index-BhFo9_ot.js"
  std::string_view type;  // of Content-Type
  std::string_view tag;   // of its bytes, without quotes
  std::string_view plain;
  std::string_view brotli;  // empty: not worth it
  std::string_view gzip;    // empty: not worth it
};

// The files in the program; console_files.cpp is made by tools/pack_console.py.
std::span<const ConsoleFile> embedded_console();

class Console {
 public:
  // What stands in the index page where the nonce of the answer goes.
  static constexpr std::string_view kNonceMark = "__STRATUS_NONCE__";

  // `files` must outlive it; "/index.html" must be among them.
  explicit Console(std::span<const ConsoleFile> files) : files_(files) {}

  // Whether a path is left to the console: not the interfaces', which answer for what they do not know.
  static bool takes(std::string_view path);

  net::Task<void> handle(net::Exchange& exchange) const;

 private:
  net::Task<Result<void>> answer(net::Exchange& exchange) const;
  net::Task<Result<void>> answer_index(net::Exchange& exchange) const;
  const ConsoleFile* find(std::string_view path) const;

  std::span<const ConsoleFile> files_;
};

}  // namespace stratus::server
