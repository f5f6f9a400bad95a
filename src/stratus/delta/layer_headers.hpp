// The tar headers of a layer, kept beside its unpacked directory: a device has no tar of the base any more,
// and with these a layer that was rebuilt costs about what changed (docs/formats/layer-headers.md).
//
// They are never needed: whoever finds them missing or damaged makes the update without a delta.
#pragma once

#include <filesystem>
#include <vector>

#include "stratus/base/file.hpp"
#include "stratus/delta/file_tree.hpp"
#include "stratus/delta/tar_layout.hpp"
#include "stratus/oci/tar_parser.hpp"

namespace stratus::delta {

// Layers with more than this are kept, on both sides, as if they had no headers (about 100,000 files).
constexpr std::uint64_t kMaxLayerHeaders = 64ull << 20;  // bytes

inline constexpr std::string_view kHeaderFileExtension = ".headers";
// "DATA/layers/<diff id>" → "DATA/layers/<diff id>.headers".
std::filesystem::path header_file_of(const std::filesystem::path& layer);

// Takes a layer's tar while it passes by and writes what make_header_view would give of it. Memory is
// bounded.
class HeaderRecorder {
 public:
  // `file` is empty and open for writing.
  explicit HeaderRecorder(FileDescriptor file);
  ~HeaderRecorder();
  HeaderRecorder(const HeaderRecorder&) = delete;
  HeaderRecorder& operator=(const HeaderRecorder&) = delete;

  // The next bytes of the tar. After an error the file is worth nothing.
  Result<void> feed(BytesView tar);
  // Ends and syncs the file; its name is the caller's to sync.
  Result<void> finish();

 private:
  class Members;

  Result<void> take_block();
  Result<void> keep(BytesView block);
  Result<void> write_frame();

  FileDescriptor file_;
  std::unique_ptr<Members> members_;
  oci::TarParser parser_;
  Bytes block_;              // being filled
  std::uint64_t skip_ = 0;   // bytes of data and padding to come
  std::uint64_t zeros_ = 0;  // blocks held back: nothing but zeros at the end is not kept
  std::uint64_t size_ = 0;   // of what is kept
  Bytes frame_;              // of it, what is not written yet
  std::vector<std::uint32_t> frames_;
};

// What the recorders wrote, in a row. Whatever is wrong with a file is `corrupt`.
Result<std::unique_ptr<FileView>> open_recorded_headers(const std::vector<std::filesystem::path>& files);

}  // namespace stratus::delta
