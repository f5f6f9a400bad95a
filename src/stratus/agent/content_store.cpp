#include "stratus/agent/content_store.hpp"

#include <algorithm>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/crypto/sha256.hpp"

namespace stratus::agent {

namespace fs = std::filesystem;
using update::ContentList;
using update::ListedFile;
using update::ListedItem;

Result<void> ContentStore::open() {
  STRATUS_CHECK(make_directories(directory_ / "files"));
  STRATUS_CHECK(make_directories(directory_ / "partial"));
  shown_ = {};
  const auto text = read_file(directory_ / "index.json", ContentList::kMaxEncoded);
  if (!text) return {};
  auto list = update::parse_index(*text);
  if (!list) {
    log::warning("content", "the index cannot be read and is made anew: {}", list.error().text());
    return {};
  }
  for (const ListedItem& item : list->items) {
    for (const ListedFile& file : item.files) {
      if (has(file)) continue;
      log::warning("content", "{} of {} is missing; everything is asked for again", file.path, item.id);
      return {};
    }
  }
  shown_ = std::move(*list);
  return {};
}

bool ContentStore::has(const ListedFile& file) const {
  std::error_code error;
  return fs::file_size(directory_ / file.path, error) == file.size && !error;
}

fs::path ContentStore::partial_path(const ListedFile& file) const {
  return directory_ / "partial" / file.digest.hex();
}

update::ContentPlan ContentStore::plan(const ContentList& wanted) const {
  const auto partial = [this](const ListedFile& file) -> std::uint64_t {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(partial_path(file), error);
    return error ? 0 : static_cast<std::uint64_t>(size);
  };
  return update::plan_contents(
      wanted, [this](const ListedFile& file) { return has(file); }, partial);
}

Result<void> ContentStore::keep(const ListedFile& file) const {
  STRATUS_TRY(partial, open_file(partial_path(file), O_RDONLY));
  if (::fsync(partial.get()) != 0) return fail(Error::from_errno("sync " + file.path));
  if (::fchmod(partial.get(), 0644) != 0) return fail(Error::from_errno("chmod " + file.path));
  const fs::path path = directory_ / file.path;
  if (::rename(partial_path(file).c_str(), path.c_str()) != 0)
    return fail(Error::from_errno("rename " + path.string()));
  return sync_directory(directory_ / "files");
}

Result<void> ContentStore::show(const ContentList& list) {
  STRATUS_CHECK(write_file_atomically(directory_ / "index.json", update::encode_index(list)));
  shown_ = list;
  return {};
}

void ContentStore::clean() const {
  std::set<std::string> needed;
  for (const ListedItem& item : shown_.items) {
    for (const ListedFile& file : item.files) needed.insert(file.path);
  }
  std::error_code ignored;
  std::vector<fs::path> gone;
  for (const auto& entry : fs::directory_iterator(directory_ / "files", ignored)) {
    if (!needed.contains("files/" + entry.path().filename().string())) gone.push_back(entry.path());
  }
  for (const fs::path& path : gone) (void)::unlink(path.c_str());
  remove_partials();
}

void ContentStore::remove_partials() const {
  std::error_code ignored;
  std::vector<fs::path> gone;
  for (const auto& entry : fs::directory_iterator(directory_ / "partial", ignored))
    gone.push_back(entry.path());
  for (const fs::path& path : gone) (void)::unlink(path.c_str());
}

std::string ContentStore::index_digest() const {
  const auto text = read_file(directory_ / "index.json", ContentList::kMaxEncoded);
  return text ? sha256(std::string_view(*text)).text() : std::string();
}

bool ContentStore::is_told() const {
  const std::string now = index_digest();
  const auto told = read_file(directory_ / "told", 128);
  return now.empty() || (told && *told == now);
}

Result<void> ContentStore::mark_told() const {
  return write_file_atomically(directory_ / "told", index_digest());
}

}  // namespace stratus::agent
