#include "stratus/gateway/outbox.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "stratus/base/log.hpp"
#include "stratus/crypto/sha256.hpp"

namespace stratus::gateway {
namespace {

namespace fs = std::filesystem;

// A record: length of what follows the head (4 bytes, little endian), first 8 bytes of its SHA-256, then
// target, a line feed, body.
constexpr std::size_t kHead = 12;
constexpr std::size_t kMaxRecord = 64u << 10;

void encode(const OutboxRecord& record, std::string& out) {
  const std::string text = record.target + "\n" + record.body;
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(text.size() >> shift & 0xff));
  const Digest digest = sha256(std::string_view(text));
  out.append(as_text(digest.bytes().first(8))).append(text);
}

// The record at `offset`; nullopt where the file ends or what stands there was not written to its end.
std::optional<OutboxRecord> read_record(int fd, std::uint64_t offset, std::uint64_t size,
                                        std::uint64_t& length) {
  std::array<std::uint8_t, kHead> head{};
  if (offset + kHead > size || !pread_exact(fd, head, offset)) return std::nullopt;
  const std::uint64_t text_size = head[0] | head[1] << 8 | head[2] << 16 | std::uint64_t{head[3]} << 24;
  if (text_size > kMaxRecord || offset + kHead + text_size > size) return std::nullopt;
  Bytes text(text_size);
  if (!pread_exact(fd, text, offset + kHead)) return std::nullopt;
  const Digest digest = sha256(text);
  if (!std::equal(head.begin() + 4, head.end(), digest.bytes().begin())) return std::nullopt;
  const std::string_view view = as_text(text);
  const std::size_t end = view.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  length = kHead + text_size;
  return OutboxRecord{std::string(view.substr(0, end)), std::string(view.substr(end + 1))};
}

std::optional<std::uint64_t> number_of(const std::string& name) {
  std::uint64_t number = 0;
  if (name.size() != 18 || !name.ends_with(".q")) return std::nullopt;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + 16, number);
  if (error != std::errc() || stop != name.data() + 16) return std::nullopt;
  return number;
}

}  // namespace

fs::path Outbox::path_of(std::uint64_t number) const { return directory_ / fmt::format("{:016}.q", number); }

std::uint64_t Outbox::bytes() const {
  std::uint64_t sum = 0;
  for (const Segment& segment : segments_) sum += segment.size;
  return sum;
}

Result<std::unique_ptr<Outbox>> Outbox::open(const fs::path& directory, OutboxOptions options) {
  std::unique_ptr<Outbox> outbox(new Outbox(directory, options));
  STRATUS_CHECK(outbox->load().with_context("open queue " + directory.string()));
  return outbox;
}

Result<void> Outbox::load() {
  STRATUS_CHECK(make_directories(directory_));
  STRATUS_TRY(lock, open_file(directory_ / "lock", O_RDWR | O_CREAT, 0600));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::conflict,
                "another gateway uses it; stop that first, or hand over with --reuse-port");
  }
  lock_ = std::move(lock);
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(directory_, error)) {
    if (const auto number = number_of(file.path().filename().string())) numbers.push_back(*number);
  }
  if (error) return fail(ErrorCode::internal, directory_.string() + ": " + error.message());
  std::sort(numbers.begin(), numbers.end());

  STRATUS_TRY(position, open_file(directory_ / "position", O_RDWR | O_CREAT, 0600));
  position_ = std::move(position);
  std::uint64_t read_segment = 0, read_offset = 0;
  std::array<char, 34> text{};
  const std::span<std::uint8_t> raw(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
  if (pread_exact(position_.get(), raw, 0)) {  // not there: from the start; repeats do no harm
    std::from_chars(text.data(), text.data() + 16, read_segment);
    std::from_chars(text.data() + 17, text.data() + 33, read_offset);
  }

  for (const std::uint64_t number : numbers) {
    if (number < read_segment) {
      ::unlink(path_of(number).c_str());
      continue;
    }
    STRATUS_TRY(file, open_file(path_of(number), O_RDONLY));
    STRATUS_TRY(size, file_size(file.get()));
    std::uint64_t offset = 0, length = 0, counted = 0;
    const std::uint64_t skip = number == read_segment ? read_offset : 0;
    while (read_record(file.get(), offset, size, length)) {
      if (offset >= skip) ++counted;
      offset += length;
    }
    if (offset < size) {
      log::warning("queue", "{}: the last {} bytes were never acknowledged and are left out",
                   path_of(number).string(), size - offset);
    }
    if (segments_.empty()) read_offset_ = std::min(skip, offset);
    count_ += counted;
    segments_.push_back({number, offset});
  }
  // A fresh file for what comes: nothing is ever written behind a torn end.
  STRATUS_CHECK(start_segment());
  return drop_delivered();
}

Result<void> Outbox::start_segment() {
  const std::uint64_t number = segments_.empty() ? 1 : segments_.back().number + 1;
  STRATUS_TRY(file, open_file(path_of(number), O_RDWR | O_CREAT | O_TRUNC, 0600));
  STRATUS_CHECK(sync_directory(directory_));
  writing_ = std::move(file);
  segments_.push_back({number, 0});
  return {};
}

Result<void> Outbox::append(std::span<const OutboxRecord> records) {
  std::string data;
  for (const OutboxRecord& record : records) {
    if (record.target.size() + record.body.size() + 1 > kMaxRecord) {
      return fail(ErrorCode::invalid, "a queued message may have 64 KiB at most");
    }
    encode(record, data);
  }
  if (bytes() - read_offset_ + data.size() > options_.limit) {
    return fail(ErrorCode::no_space, fmt::format("the queue holds {} messages and {} already", count_,
                                                 human_bytes(bytes() - read_offset_)));
  }
  if (segments_.back().size >= options_.segment_size) STRATUS_CHECK(start_segment());
  Segment& last = segments_.back();
  auto written = pwrite_all(writing_.get(), as_bytes(data), last.size);
  if (written && ::fdatasync(writing_.get()) != 0) written = fail(Error::from_errno("sync the queue"));
  if (!written) {
    // Half a record must not stand before the next one. Should even this fail, it is written over.
    (void)!::ftruncate(writing_.get(), static_cast<off_t>(last.size));
    return written;
  }
  last.size += data.size();
  count_ += records.size();
  return {};
}

Result<std::optional<OutboxRecord>> Outbox::front() {
  STRATUS_CHECK(drop_delivered());
  const Segment& first = segments_.front();
  if (read_offset_ >= first.size) return std::nullopt;
  if (!reading_) {
    STRATUS_TRY(file, open_file(path_of(first.number), O_RDONLY));
    reading_ = std::move(file);
  }
  auto record = read_record(reading_.get(), read_offset_, first.size, front_size_);
  if (!record) {
    return fail(ErrorCode::corrupt,
                fmt::format("{} cannot be read at byte {}", path_of(first.number).string(), read_offset_));
  }
  return record;
}

Result<void> Outbox::pop() {
  read_offset_ += front_size_;
  front_size_ = 0;
  if (count_ > 0) --count_;
  const std::string text = fmt::format("{:016} {:016}\n", segments_.front().number, read_offset_);
  STRATUS_CHECK(pwrite_all(position_.get(), as_bytes(text), 0));
  return drop_delivered();
}

Result<void> Outbox::drop_delivered() {
  while (segments_.size() > 1 && read_offset_ >= segments_.front().size) {
    const std::uint64_t done = segments_.front().number;
    segments_.pop_front();
    read_offset_ = 0;
    reading_.reset();
    const std::string text = fmt::format("{:016} {:016}\n", segments_.front().number, std::uint64_t{0});
    STRATUS_CHECK(pwrite_all(position_.get(), as_bytes(text), 0));
    if (::fdatasync(position_.get()) != 0) return fail(Error::from_errno("sync the queue's position"));
    ::unlink(path_of(done).c_str());
  }
  return {};
}

}  // namespace stratus::gateway
