#include "stratus/gateway/answer_store.hpp"

#include <algorithm>
#include <vector>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/crypto/sha256.hpp"

namespace stratus::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxFile = 10u << 20;
// An answer that only was confirmed is not written again sooner: its time matters little.
constexpr std::chrono::minutes kRewrite{10};
// Older than any time to live but that of what never changes: how long we were away is not known.
constexpr std::chrono::hours kAgeOnDisk{48};

std::uint64_t weight(const KeptAnswer& kept) { return kept.key.size() + kept.answer->body.size() + 512; }

}  // namespace

std::string group_of_key(std::string_view key) {
  constexpr std::string_view kGet = "get /v2/";
  if (!key.starts_with(kGet)) return std::string(key.substr(0, key.rfind(' ')));  // "next NAME HAVE"
  std::size_t end = key.size();
  for (const std::string_view kind : {"/manifests/", "/tags/", "/referrers/"}) {
    end = std::min(end, key.find(kind, kGet.size() - 1));
  }
  return "get " + std::string(key.substr(kGet.size(), end - std::min(end, kGet.size())));
}

AnswerStore::AnswerStore(fs::path directory, AnswerLimits limits)
    : directory_(std::move(directory)), limits_(limits), writer_("answers", 1) {}

fs::path AnswerStore::path_of(const std::string& key) const {
  return directory_ / sha256(std::string_view(key)).hex();
}

Result<void> AnswerStore::load() {
  STRATUS_CHECK(make_directories(directory_));
  std::vector<KeptAnswer> found;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(directory_, error)) {
    const auto text = read_file(file.path(), kMaxFile);
    auto kept = text ? parse_kept(*text) : Result<KeptAnswer>(fail(text.error()));
    if (kept && path_of(kept->key) == file.path()) {
      found.push_back(std::move(*kept));
    } else {
      // A crash's remains, or not ours to believe.
      log::info("answers", "removed {}", file.path().string());
      fs::remove(file.path(), error);
    }
  }
  if (error) return fail(ErrorCode::internal, directory_.string() + ": " + error.message());
  std::sort(found.begin(), found.end(),
            [](const KeptAnswer& a, const KeptAnswer& b) { return a.order < b.order; });
  for (KeptAnswer& kept : found) {
    kept.fetched = system_clock().steady() - kAgeOnDisk;
    bytes_ += weight(kept);
    next_order_ = std::max(next_order_, kept.order + 1);
    std::string group = group_of_key(kept.key);
    entries_.push_front(Entry{std::move(kept), system_clock().steady(), std::move(group), ""});
    index_[entries_.front().kept.key] = entries_.begin();
  }
  shrink();
  return {};
}

const KeptAnswer* AnswerStore::find(const std::string& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &found->second->kept;
}

void AnswerStore::note_asker(const std::string& key, const std::string& asker) {
  const auto found = index_.find(key);
  if (found != index_.end() && found->second->asker != asker) found->second->asker.clear();
}

void AnswerStore::persist(const std::string& key) {
  const auto found = index_.find(key);
  if (found != index_.end()) write(*found->second);
}

void AnswerStore::keep(const std::string& key, AnswerPointer answer, const std::string& asker) {
  const auto found = index_.find(key);
  const bool changed = found == index_.end() || *found->second->kept.answer != *answer;
  const SteadyTime now = system_clock().steady();
  if (found == index_.end()) {
    entries_.push_front(Entry{KeptAnswer{key, std::move(answer), now, {}}, {}, group_of_key(key), asker});
    index_[entries_.front().kept.key] = entries_.begin();
  } else {
    entries_.splice(entries_.begin(), entries_, found->second);
    bytes_ -= weight(entries_.front().kept);
    entries_.front().kept.answer = std::move(answer);
    entries_.front().kept.fetched = now;
  }
  Entry& entry = entries_.front();
  entry.kept.fetched_wall = system_clock().wall();
  entry.kept.order = next_order_++;
  bytes_ += weight(entry.kept);
  if (changed || now - entry.written > kRewrite) write(entry);
  hold_to_quota(entry.asker);
  shrink();
}

void AnswerStore::hold_to_quota(std::string asker) {
  if (asker.empty()) return;
  std::size_t count = 0;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto current = entry++;
    if (current->asker == asker && ++count > limits_.per_asker) erase(current);
  }
}

// The least recently asked for of the group that has most.
AnswerStore::Entries::iterator AnswerStore::victim(bool by_count) {
  std::unordered_map<std::string_view, std::uint64_t> sums;
  std::uint64_t most = 0;
  for (const Entry& entry : entries_) {
    std::uint64_t& sum = sums[entry.group];
    sum += by_count ? 1 : weight(entry.kept);
    most = std::max(most, sum);
  }
  auto candidate = std::prev(entries_.end());
  while (candidate != entries_.begin() && sums[candidate->group] < most) --candidate;
  return candidate;
}

void AnswerStore::write(Entry& entry) {
  entry.written = system_clock().steady();
  writer_.post([path = path_of(entry.kept.key), text = encode_kept(entry.kept)] {
    const auto written = write_file_atomically(path, text);
    if (!written) log::warning("answers", "kept in memory only: {}", written.error().text());
  });
}

void AnswerStore::drop(const std::string& key) {
  const auto found = index_.find(key);
  if (found != index_.end()) erase(found->second);
}

void AnswerStore::erase(Entries::iterator entry) {
  const std::string key = entry->kept.key;
  bytes_ -= weight(entry->kept);
  index_.erase(entry->kept.key);
  entries_.erase(entry);
  writer_.post([path = path_of(key)] {
    std::error_code ignored;
    fs::remove(path, ignored);
  });
  if (dropped_) dropped_(key);
}

void AnswerStore::shrink() {
  while (entries_.size() > 1 && (entries_.size() > limits_.count || bytes_ > limits_.bytes)) {
    erase(victim(entries_.size() > limits_.count));
  }
}

void AnswerStore::for_each(const std::function<void(const KeptAnswer&)>& visit) const {
  for (const Entry& entry : entries_) visit(entry.kept);
}

}  // namespace stratus::gateway
