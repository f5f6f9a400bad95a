// Files of the base in a row, as one reference for patches to copy from.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "stratus/delta/file_tree.hpp"
#include "stratus/delta/patch.hpp"

namespace stratus::delta {

class BaseReference final : public Reference {
 public:
  // The tree must outlive the reference.
  explicit BaseReference(const FileTree& tree) : tree_(tree) {}

  // Where the file begins; it is put at the end when it is not yet there. `corrupt` when there is no such
  // file, or when the list would take more memory than recipes may.
  Result<std::uint64_t> add(std::string path);
  Result<void> read(std::uint64_t position, std::span<std::uint8_t> into) override;

 private:
  struct File {
    const std::string* path;  // the key in starts_: a path is kept once, or the bound would not hold
    std::uint64_t start, size;
    std::unique_ptr<FileView> view;  // open or not
  };
  Result<FileView*> view_of(File& file);
  Result<void> read_directly(std::uint64_t position, std::span<std::uint8_t> into);

  const FileTree& tree_;
  std::vector<File> files_;
  std::map<std::string, std::uint64_t, std::less<>> starts_;
  std::uint64_t size_ = 0;
  std::size_t memory_ = 0;
  std::size_t open_ = 0;
  Bytes window_;  // what was read last, with some that follows
  std::uint64_t window_at_ = 0;
};

}  // namespace stratus::delta
