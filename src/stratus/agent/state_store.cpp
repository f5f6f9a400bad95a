#include "stratus/agent/state_store.hpp"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stratus/update/journal.hpp"

namespace stratus::agent {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMaxJournal = 4u << 20;  // bytes

struct Loaded {
  update::DeviceRecord record;
  std::uint64_t valid_bytes = 0;
  std::string trouble;  // why this is not the last record as it stands there
  bool lost = false;
};

// The last record, or as much of it as can be read, or the newest before it that can.
void read_newest(const update::JournalContents& contents, Loaded& loaded) {
  for (auto payload = contents.payloads.rbegin(); payload != contents.payloads.rend(); ++payload) {
    auto record = update::parse_record(*payload);
    if (!record && loaded.trouble.empty()) loaded.trouble = record.error().text();
    if (!record) record = update::salvage_record(*payload);
    if (!record) continue;
    loaded.record = std::move(*record);
    return;
  }
  loaded.lost = !contents.payloads.empty();
}

Result<Loaded> load(const fs::path& path) {
  const auto bytes = read_file(path, kMaxJournal);
  if (!bytes && bytes.error().code() == ErrorCode::not_found) return Loaded{};
  if (!bytes) return fail(bytes.error());
  // A crash while the file was being made may leave less than the mark: nothing was recorded yet.
  if (bytes->size() < update::kJournalMark.size() &&
      update::kJournalMark.substr(0, bytes->size()) == *bytes) {
    return Loaded{};
  }
  Loaded loaded;
  const auto contents = update::read_journal(*bytes);
  if (!contents) {
    loaded.trouble = contents.error().text();
    loaded.lost = true;
    return loaded;
  }
  loaded.valid_bytes = contents->valid_bytes;
  read_newest(*contents, loaded);
  return loaded;
}

// So that a full disk does not keep the outcome "the disk is full" from being noted. Best effort: not every
// file system can.
void reserve(int fd, std::uint64_t bytes) {
  (void)::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes));
}

}  // namespace

Result<StateStore> StateStore::open(const fs::path& data, Millis patience) {
  STRATUS_CHECK(make_directories(data));
  StateStore store;
  store.path_ = data / "journal";
  STRATUS_TRY(lock, lock_file(data / "lock",
                              fmt::format("another agent uses {}: stop it first", data.string()), patience));
  store.lock_ = std::move(lock);
  STRATUS_TRY(loaded, load(store.path_));
  store.record_ = std::move(loaded.record);
  store.trouble_ = std::move(loaded.trouble);
  store.lost_ = loaded.lost;
  if (!store.trouble_.empty()) {
    const fs::path aside = store.path_.string() + ".aside";
    if (::rename(store.path_.c_str(), aside.c_str()) != 0) {
      return fail(Error::from_errno("set aside " + store.path_.string()));
    }
    Result<void> written = store.rewrite(store.record_);
    // A device that cannot start is worse than one that cannot say what its journal looked like.
    if (!written && written.error().code() == ErrorCode::no_space && ::unlink(aside.c_str()) == 0)
      written = store.rewrite(store.record_);
    if (!written) return forward_error(std::move(written));
    return store;
  }
  if (loaded.valid_bytes == 0) {
    STRATUS_CHECK(store.rewrite(store.record_));
    return store;
  }
  STRATUS_TRY(file, open_file(store.path_, O_RDWR));
  // Only where there is a tail: cutting sets the reserved room free, even at the same length.
  STRATUS_TRY(length, file_size(file.get()));
  if (length > loaded.valid_bytes && ::ftruncate(file.get(), static_cast<off_t>(loaded.valid_bytes)) != 0) {
    return fail(Error::from_errno("truncate " + store.path_.string()));
  }
  store.file_ = std::move(file);
  store.size_ = loaded.valid_bytes;
  reserve(store.file_.get(), kReserved);
  return store;
}

Result<update::DeviceRecord> StateStore::peek(const fs::path& data) {
  STRATUS_TRY(loaded, load(data / "journal"));
  return std::move(loaded.record);
}

Result<void> StateStore::rewrite(const update::DeviceRecord& record) {
  const std::string bytes =
      std::string(update::kJournalMark) + update::encode_journal_record(update::encode_record(record));
  STRATUS_CHECK(write_file_atomically(path_, bytes, 0600));
  STRATUS_TRY(file, open_file(path_, O_RDWR));
  file_ = std::move(file);
  size_ = bytes.size();
  reserve(file_.get(), kReserved);
  return {};
}

// Whether the file that is open is the one that a restart would read: a rewrite may fail after its rename.
bool StateStore::is_in_place() const {
  struct stat open {};
  struct stat named {};
  return file_ && ::fstat(file_.get(), &open) == 0 && ::stat(path_.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

Result<void> StateStore::append(const update::DeviceRecord& record) {
  const std::string bytes = update::encode_journal_record(update::encode_record(record));
  if (size_ + bytes.size() > kMaxJournal)
    return fail(ErrorCode::no_space, path_.string() + ": it is full, and there is no room for a fresh one");
  Result<void> written = pwrite_all(file_.get(), as_bytes(bytes), size_);
  if (written && ::fdatasync(file_.get()) != 0) written = fail(Error::from_errno("sync " + path_.string()));
  if (!written) {
    (void)!::ftruncate(file_.get(), static_cast<off_t>(size_));
    reserve(file_.get(), kReserved);
    return std::move(written).with_context(path_.string());
  }
  size_ += bytes.size();
  return {};
}

Result<void> StateStore::save(const update::DeviceRecord& record) {
  const bool due = size_ + update::encode_journal_record(update::encode_record(record)).size() > kCompactAt;
  Result<void> saved;
  if (due || !file_) {
    saved = rewrite(record);
    // Without room for a fresh file the old one takes it.
    if (!saved && is_in_place()) {
      saved = append(record);
    } else if (!saved) {
      file_.reset();
    }
  } else {
    saved = append(record);
  }
  if (saved) record_ = record;
  return saved;
}

}  // namespace stratus::agent
