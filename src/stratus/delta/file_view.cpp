#include "stratus/delta/file_view.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

namespace stratus::delta {
namespace {

Result<void> check_range(std::uint64_t size, std::uint64_t offset, std::size_t count) {
  if (offset <= size && count <= size - offset) return {};
  return fail(ErrorCode::corrupt, fmt::format("read of {} bytes at {} in a file of {}", count, offset, size));
}

class DescriptorView final : public FileView {
 public:
  DescriptorView(std::shared_ptr<FileDescriptor> file, std::uint64_t offset, std::uint64_t size)
      : file_(std::move(file)), offset_(offset), size_(size) {}
  ~DescriptorView() override {
    if (map_ != nullptr) ::munmap(map_, map_size_);
  }
  DescriptorView(const DescriptorView&) = delete;
  DescriptorView& operator=(const DescriptorView&) = delete;

  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    STRATUS_CHECK(check_range(size_, offset, into.size()));
    return pread_exact(file_->get(), into, offset_ + offset);
  }
  Result<BytesView> bytes() override {
    if (size_ == 0) return BytesView{};
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t skip = offset_ % page;
    if (map_ == nullptr) {
      map_size_ = static_cast<std::size_t>(size_ + skip);
      void* const map = ::mmap(nullptr, map_size_, PROT_READ, MAP_PRIVATE, file_->get(),
                               static_cast<off_t>(offset_ - skip));
      if (map == MAP_FAILED) return fail(Error::from_errno("map a file"));
      map_ = map;
    }
    return BytesView(static_cast<const std::uint8_t*>(map_) + skip, static_cast<std::size_t>(size_));
  }

 private:
  std::shared_ptr<FileDescriptor> file_;
  std::uint64_t offset_, size_;
  void* map_ = nullptr;
  std::size_t map_size_ = 0;
};

class MemoryView final : public FileView {
 public:
  explicit MemoryView(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    STRATUS_CHECK(check_range(bytes_.size(), offset, into.size()));
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  }
  Result<BytesView> bytes() override { return BytesView(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace

std::unique_ptr<FileView> make_file_view(std::shared_ptr<FileDescriptor> file, std::uint64_t offset,
                                         std::uint64_t size) {
  return std::make_unique<DescriptorView>(std::move(file), offset, size);
}

std::unique_ptr<FileView> make_memory_view(Bytes bytes) {
  return std::make_unique<MemoryView>(std::move(bytes));
}

std::string normalised_path(std::string_view path) {
  std::string out;
  if (path.starts_with('/')) return out;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (name.empty() || name == ".") continue;
    if (name == "..") return {};
    if (!out.empty()) out += '/';
    out += name;
  }
  return out;
}

Result<std::unique_ptr<FileView>> FileTree::headers() const { return make_memory_view({}); }

}  // namespace stratus::delta
