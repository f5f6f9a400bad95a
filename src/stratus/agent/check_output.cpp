#include "stratus/agent/check_output.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stratus/base/one_line.hpp"

namespace stratus::agent {
namespace {

constexpr std::size_t kKept = 1024;          // bytes of what was said last
constexpr int kMaxReads = 64;                // per call: a check that never stops talking holds up nobody
constexpr std::size_t kOutputBuffer = 4096;  // bytes

bool is_blank(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

}  // namespace

std::string last_words_of(std::string_view said) {
  while (!said.empty() && is_blank(said.back())) said.remove_suffix(1);
  if (const std::size_t line = said.find_last_of("\n\r"); line != std::string_view::npos) {
    said.remove_prefix(line + 1);
  }
  if (said.size() > kMaxLastWords) said.remove_prefix(said.size() - kMaxLastWords);
  // Not in the middle of a character.
  while (!said.empty() && (static_cast<unsigned char>(said.front()) & 0xc0) == 0x80) said.remove_prefix(1);
  return one_line(said, kMaxLastWords);
}

std::string last_words_in(const std::filesystem::path& file, std::uint64_t begin) {
  const auto log = open_file(file, O_RDONLY | O_NOFOLLOW);
  const auto size = log ? file_size(log->get()) : Result<std::uint64_t>(0);
  if (!size) return {};
  if (*size < begin) begin = 0;  // cut meanwhile, to begin anew
  std::array<std::uint8_t, kKept> end;
  const std::size_t count = std::min<std::uint64_t>(*size - begin, end.size());
  const std::span<std::uint8_t> last(end.data(), count);
  if (!pread_exact(log->get(), last, *size - count)) return {};
  return last_words_of({reinterpret_cast<const char*>(last.data()), last.size()});
}

Result<CheckOutput> CheckOutput::make() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Error::from_errno("pipe"));
  CheckOutput output;
  output.read_ = FileDescriptor(ends[0]);
  output.write_ = FileDescriptor(ends[1]);
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 || ::fchmod(ends[1], 0622) != 0) {
    return fail(Error::from_errno("pipe"));
  }
  return output;
}

void CheckOutput::drain() {
  std::array<char, kOutputBuffer> buffer;
  for (int i = 0; i < kMaxReads; ++i) {
    const ssize_t count = ::read(read_.get(), buffer.data(), buffer.size());
    if (count <= 0) return;
    said_.append(buffer.data(), static_cast<std::size_t>(count));
    if (said_.size() > kKept) said_.erase(0, said_.size() - kKept);
  }
}

}  // namespace stratus::agent
