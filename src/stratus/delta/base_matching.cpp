#include "stratus/delta/base_matching.hpp"

#include <algorithm>
#include <string_view>

namespace stratus::delta {
namespace {

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string_view directory_of(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; }

// Bytes that two names share at their ends, as "libx.so.1.2" and "libx.so.1.3".
std::size_t common_ends(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t prefix = 0, suffix = 0;
  while (prefix < most && a[prefix] == b[prefix]) ++prefix;
  while (suffix < most - prefix && a[a.size() - 1 - suffix] == b[b.size() - 1 - suffix]) ++suffix;
  return prefix + suffix;
}

}  // namespace

Result<void> BaseMatcher::load() {
  STRATUS_TRY(files, tree_.files());
  files_ = files;
  for (const TreeFile& file : *files_) {
    by_size_.emplace(file.size, &file);
    by_name_.emplace(name_of(file.path), &file);
  }
  return {};
}

const TreeFile* BaseMatcher::find(const std::string& path) const {
  const auto found =
      std::lower_bound(files_->begin(), files_->end(), path,
                       [](const TreeFile& file, const std::string& p) { return file.path < p; });
  return found == files_->end() || found->path != path ? nullptr : &*found;
}

Result<bool> BaseMatcher::same_bytes(const TreeFile& file, BytesView bytes) const {
  if (file.size != bytes.size()) return false;
  STRATUS_TRY(view, tree_.open(file.path));
  STRATUS_TRY(old, view->bytes());
  return std::equal(old.begin(), old.end(), bytes.begin(), bytes.end());
}

Result<BaseMatch> BaseMatcher::match(const std::string& path, BytesView bytes) const {
  const TreeFile* const own = find(path);
  if (own != nullptr) {
    STRATUS_TRY(same, same_bytes(*own, bytes));
    if (same) return BaseMatch{path, true};
  }
  // The smallest path of those with the same bytes, so that the choice does not depend on hashing.
  const TreeFile* twin = nullptr;
  const auto [first, last] = by_size_.equal_range(bytes.size());
  for (auto at = first; at != last; ++at) {
    if (at->second == own || (twin != nullptr && twin->path < at->second->path)) continue;
    STRATUS_TRY(same, same_bytes(*at->second, bytes));
    if (same) twin = at->second;
  }
  if (twin != nullptr) return BaseMatch{twin->path, true};
  if (own != nullptr) return BaseMatch{path, false};

  const TreeFile* best = nullptr;
  const auto closer = [&](const TreeFile& file) {
    if (best == nullptr) return true;
    const auto a = distance(file.size, bytes.size()), b = distance(best->size, bytes.size());
    return a < b || (a == b && file.path < best->path);
  };
  const auto [named_first, named_last] = by_name_.equal_range(name_of(path));
  for (auto at = named_first; at != named_last; ++at) {
    if (at->second->size > 0 && closer(*at->second)) best = at->second;
  }
  if (best != nullptr) return BaseMatch{best->path, false};

  const std::string_view directory = directory_of(path);
  const std::string name = name_of(path);
  std::size_t most = (name.size() * 2 + 2) / 3;  // two thirds of the name at least
  auto at = std::lower_bound(files_->begin(), files_->end(), directory,
                             [](const TreeFile& file, std::string_view d) { return file.path < d; });
  for (; at != files_->end() && at->path.starts_with(directory); ++at) {
    if (directory_of(at->path) != directory || at->size == 0) continue;
    const std::size_t common = common_ends(name_of(at->path), name);
    if (common < most || (common == most && best != nullptr && !closer(*at))) continue;
    most = common;
    best = &*at;
  }
  return best == nullptr ? BaseMatch{} : BaseMatch{best->path, false};
}

Result<BaseMatch> BaseMatcher::match_opaque(const std::string& name, BytesView bytes) const {
  if (files_->size() != 1) return match(name, bytes);
  STRATUS_TRY(same, same_bytes(files_->front(), bytes));
  return BaseMatch{files_->front().path, same};
}

}  // namespace stratus::delta
