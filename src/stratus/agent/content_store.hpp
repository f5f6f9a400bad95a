// The contents on disk, below one directory (docs/operations/agent.md, "Contents"):
//
//   index.json        what is shown; replaced at once, so it is always one whole list
//   files/<digest>…   complete files, synced before an index names them
//   partial/<digest>  what is being fetched; goes on after a power cut
//   told              digest of the index that was last reported
//
// All calls block; one caller at a time.
#pragma once

#include <filesystem>

#include "stratus/update/content_list.hpp"

namespace stratus::agent {

class ContentStore {
 public:
  explicit ContentStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Makes the directories and reads the index. What is shown is empty when a file of it is missing or has
  // another size: then everything is asked for again, and the index stays until it is replaced.
  Result<void> open();
  const update::ContentList& shown() const { return shown_; }
  const std::filesystem::path& directory() const { return directory_; }

  update::ContentPlan plan(const update::ContentList& wanted) const;
  std::filesystem::path partial_path(const update::ListedFile& file) const;
  // A partial file that has its digest becomes a file; durable when it returns.
  Result<void> keep(const update::ListedFile& file) const;
  // The moment of change: from here on `list` is what is shown.
  Result<void> show(const update::ContentList& list);
  // Removes files that are not shown, and partial ones.
  void clean() const;
  void remove_partials() const;

  bool is_told() const;
  Result<void> mark_told() const;

 private:
  bool has(const update::ListedFile& file) const;
  std::string index_digest() const;

  std::filesystem::path directory_;
  update::ContentList shown_;
};

}  // namespace stratus::agent
