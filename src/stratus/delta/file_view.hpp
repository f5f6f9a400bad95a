// The kinds of FileView behind the trees.
#pragma once

#include <memory>

#include "stratus/base/file.hpp"
#include "stratus/delta/file_tree.hpp"

namespace stratus::delta {

// `size` bytes at `offset` of an open file.
std::unique_ptr<FileView> make_file_view(std::shared_ptr<FileDescriptor> file, std::uint64_t offset,
                                         std::uint64_t size);
std::unique_ptr<FileView> make_memory_view(Bytes bytes);

}  // namespace stratus::delta
