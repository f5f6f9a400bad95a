// What a health check or the service said, for the reason of a return: the end of its standard output and
// error, bounded.
//
// The check writes into a pipe; whoever waits for its end calls drain() now and then, so that a talkative
// check is not held up. Nothing here blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"

namespace stratus::agent {

inline constexpr std::size_t kMaxLastWords = 200;  // bytes

// The last line that says something, cut at its front to kMaxLastWords, as base/one_line.hpp
// has it.
std::string last_words_of(std::string_view said);
// The same of what was appended to a log since it was `begin` bytes long. Blocks for one small read.
std::string last_words_in(const std::filesystem::path& file, std::uint64_t begin);

class CheckOutput {
 public:
  static Result<CheckOutput> make();

  // For the check; open to every user of the container, should it open /dev/stdout again.
  int write_end() const { return write_.get(); }
  // The check has its own copy by now.
  void close_write_end() { write_.reset(); }
  void drain();
  std::string last_words() const { return last_words_of(said_); }

 private:
  FileDescriptor read_;
  FileDescriptor write_;
  std::string said_;  // at most twice kKept
};

}  // namespace stratus::agent
