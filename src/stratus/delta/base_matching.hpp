// Finds the base file that a new file most probably comes from.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "stratus/delta/file_tree.hpp"

namespace stratus::delta {

struct BaseMatch {
  std::string path;        // empty: none
  bool identical = false;  // the very same bytes
};

class BaseMatcher {
 public:
  // The tree must outlive the matcher.
  explicit BaseMatcher(const FileTree& tree) : tree_(tree) {}
  Result<void> load();

  // In this order: same path and bytes, any path with the same bytes, same path, same name in another
  // directory, similar name in the same directory.
  Result<BaseMatch> match(const std::string& path, BytesView bytes) const;
  // For a file that stands for itself: the base's only file, or one of the same name.
  Result<BaseMatch> match_opaque(const std::string& name, BytesView bytes) const;

 private:
  Result<bool> same_bytes(const TreeFile& file, BytesView bytes) const;
  const TreeFile* find(const std::string& path) const;

  const FileTree& tree_;
  const std::vector<TreeFile>* files_ = nullptr;
  std::unordered_multimap<std::uint64_t, const TreeFile*> by_size_;
  std::unordered_multimap<std::string, const TreeFile*> by_name_;
};

}  // namespace stratus::delta
