// What is where in a tar: its headers (everything that is no file's data and no padding: ustar blocks,
// extended headers, end mark) and its files' data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/delta/file_tree.hpp"
#include "stratus/oci/tar_entry.hpp"

namespace stratus::delta {

constexpr std::size_t kTarBlock = 512;

struct TarMember {
  std::string path;         // normalised; empty when it is not a usable path
  std::string link_target;  // of a hard link, normalised
  oci::EntryType type;
  std::uint64_t data_offset;
  std::uint64_t size;
};

struct TarLayout {
  struct Extent {
    std::uint64_t tar_offset;
    std::uint64_t header_offset;  // where the extent begins when all are put in a row
    std::uint64_t size;
  };
  std::vector<TarMember> members;
  std::vector<Extent> headers;     // without the zeros at the end
  std::uint64_t header_bytes = 0;  // of all extents; a multiple of the block size
};

// Reads only the headers. `corrupt` or `invalid` when the archive is not one that the parser accepts.
Result<TarLayout> read_tar_layout(const FileView& tar);

// The headers in a row, read from the tar when asked for. Both must outlive the view.
std::unique_ptr<FileView> make_header_view(const FileView& tar, const TarLayout& layout);

}  // namespace stratus::delta
