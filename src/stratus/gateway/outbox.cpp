#include "stratus/gateway/outbox.hpp"

#include <algorithm>
#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/log.hpp"

namespace stratus::gateway {
namespace {

namespace fs = std::filesystem;

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
  for (const auto& [number, segment] : segments_) sum += segment.size;
  return sum;
}

Result<std::unique_ptr<Outbox>> Outbox::open(const fs::path& directory, OutboxOptions options,
                                             Millis patience) {
  std::unique_ptr<Outbox> outbox(new Outbox(directory, options));
  STRATUS_CHECK(outbox->load(patience).with_context("open queue " + directory.string()));
  return outbox;
}

Result<void> Outbox::load(Millis patience) {
  STRATUS_CHECK(make_directories(directory_));
  STRATUS_TRY(
      lock, lock_file(directory_ / "lock",
                      "another gateway uses it; stop that first, or hand over with --reuse-port", patience));
  lock_ = std::move(lock);
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(directory_, error)) {
    if (const auto number = number_of(file.path().filename().string())) numbers.push_back(*number);
  }
  if (error) return fail(ErrorCode::internal, directory_.string() + ": " + error.message());
  std::sort(numbers.begin(), numbers.end());
  for (const std::uint64_t number : numbers) STRATUS_CHECK(load_segment(number));
  // A fresh file for what comes: nothing is ever written behind a torn end.
  STRATUS_CHECK(start_segment());
  for (const std::uint64_t number : numbers) drop_if_done(number);
  return {};
}

Result<void> Outbox::load_segment(std::uint64_t number) {
  const fs::path path = path_of(number);
  STRATUS_TRY(content, read_file(path, 1u << 30));
  const RecordScan scan = scan_records(content);
  Segment& segment = segments_[number];
  segment.size = content.size();
  for (const FoundRecord& record : scan.found) {
    if (record.done) continue;
    segment.waiting_bytes += record.length;
    found_.emplace_back(next_id_, record.target);
    waiting_[next_id_++] = {number, record.offset, record.length};
  }
  damaged_ += scan.damaged;
  if (scan.damaged > 0)
    log::error("queue", "{}: damaged in {} places; the messages that stood there are lost", path.string(),
               scan.damaged);
  if (scan.end < content.size())
    log::warning("queue", "{}: the last {} bytes were never acknowledged and are left out", path.string(),
                 content.size() - scan.end);
  return {};
}

Result<void> Outbox::start_segment() {
  const std::uint64_t number = segments_.empty() ? 1 : last() + 1;
  STRATUS_TRY(file, open_file(path_of(number), O_RDWR | O_CREAT | O_TRUNC, 0600));
  STRATUS_CHECK(sync_directory(directory_));
  writing_ = std::move(file);
  segments_[number] = {};
  if (segments_.size() > 1) drop_if_done(std::prev(segments_.end(), 2)->first);
  return {};
}

Result<Outbox::Id> Outbox::append(std::span<const OutboxRecord> records) {
  std::string data;
  std::vector<std::size_t> starts;
  for (const OutboxRecord& record : records) {
    starts.push_back(data.size());
    if (!append_record(record, data))
      return fail(ErrorCode::invalid, "a queued message may have 64 KiB at most");
  }
  starts.push_back(data.size());
  std::uint64_t waiting_bytes = 0;
  for (const auto& [number, segment] : segments_) waiting_bytes += segment.waiting_bytes;
  if (waiting_bytes + data.size() > options_.limit || waiting_.size() + records.size() > options_.most) {
    return fail(ErrorCode::no_space, fmt::format("the queue holds {} messages and {} already",
                                                 waiting_.size(), human_bytes(waiting_bytes)));
  }
  if (bytes() + data.size() > options_.limit) STRATUS_CHECK(compact());
  if (segments_[last()].size >= options_.segment_size) STRATUS_CHECK(start_segment());
  const std::uint64_t number = last();
  Segment& segment = segments_[number];
  auto written = pwrite_all(writing_.get(), as_bytes(data), segment.size);
  if (written && ::fdatasync(writing_.get()) != 0) written = fail(Error::from_errno("sync the queue"));
  if (!written) {
    // Half a record must not stand before the next one. Should even this fail, it is written over.
    (void)!::ftruncate(writing_.get(), static_cast<off_t>(segment.size));
    return forward_error(std::move(written));
  }
  const Id first = next_id_;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto length = static_cast<std::uint32_t>(starts[i + 1] - starts[i]);
    waiting_[next_id_++] = {number, segment.size + starts[i], length};
  }
  segment.size += data.size();
  segment.waiting_bytes += data.size();
  return first;
}

Result<int> Outbox::file_of(std::uint64_t number) {
  if (number == last()) return writing_.get();
  if (!reading_ || reading_number_ != number) {
    STRATUS_TRY(file, open_file(path_of(number), O_RDWR));
    reading_ = std::move(file);
    reading_number_ = number;
  }
  return reading_.get();
}

Result<OutboxRecord> Outbox::read(Id id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return fail(ErrorCode::not_found, "no such message in the queue");
  const Location& at = found->second;
  STRATUS_TRY(file, file_of(at.segment));
  Bytes bytes(at.length);
  const auto read = pread_exact(file, bytes, at.offset);
  auto framed = read ? parse_record(as_text(bytes)) : std::nullopt;
  if (!framed || framed->length != at.length) {
    return fail(ErrorCode::corrupt, fmt::format("{}: the message at byte {} is damaged",
                                                path_of(at.segment).string(), at.offset));
  }
  return std::move(framed->record);
}

Result<void> Outbox::remove(Id id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return {};
  const Location at = found->second;
  waiting_.erase(found);
  segments_[at.segment].waiting_bytes -= at.length;
  Result<void> marked;
  if (segments_[at.segment].waiting_bytes > 0 || at.segment == last()) {
    STRATUS_TRY(file, file_of(at.segment));
    const std::uint8_t done = kRecordDone;
    marked = pwrite_all(file, {&done, 1}, at.offset + kRecordState);
  }
  drop_if_done(at.segment);
  return marked;
}

void Outbox::drop_if_done(std::uint64_t number) {
  const auto found = segments_.find(number);
  if (found == segments_.end() || found->second.waiting_bytes > 0 || number == last()) return;
  if (reading_number_ == number) reading_.reset();
  ::unlink(path_of(number).c_str());
  segments_.erase(found);
}

// A message that waits for long must not keep the room of the delivered ones around it.
Result<void> Outbox::compact() {
  const Segment& newest = segments_[last()];
  if (newest.size > newest.waiting_bytes) STRATUS_CHECK(start_segment());
  std::vector<std::uint64_t> wasteful;
  for (const auto& [number, segment] : segments_) {
    if (segment.size > segment.waiting_bytes) wasteful.push_back(number);
  }
  for (const std::uint64_t number : wasteful) STRATUS_CHECK(compact(number));
  return {};
}

Result<void> Outbox::compact(std::uint64_t number) {
  STRATUS_TRY(content, read_file(path_of(number), 1u << 30));
  std::string kept;
  std::vector<std::pair<Id, std::uint64_t>> moved;
  for (const auto& [id, at] : waiting_) {
    if (at.segment != number || at.offset + at.length > content.size()) continue;
    moved.emplace_back(id, kept.size());
    kept.append(content, at.offset, at.length);
  }
  STRATUS_CHECK(write_file_atomically(path_of(number), kept, 0600));
  if (reading_number_ == number) reading_.reset();
  for (const auto& [id, offset] : moved) waiting_[id].offset = offset;
  segments_[number].size = kept.size();
  return {};
}

}  // namespace stratus::gateway
