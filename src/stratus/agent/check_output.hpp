// What a health check said, for the reason of a return: the end of its standard output and error, bounded.
//
// The check writes into a pipe; whoever waits for its end calls drain() now and then, so that a talkative
// check is not held up. Nothing here blocks.
#pragma once

#include <string>
#include <string_view>

#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"

namespace stratus::agent {

inline constexpr std::size_t kMaxLastWords = 200;  // bytes

// The last line that says something, cut at its front to kMaxLastWords; control characters become blanks.
std::string last_words_of(std::string_view said);

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
