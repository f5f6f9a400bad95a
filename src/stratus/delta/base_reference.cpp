#include "stratus/delta/base_reference.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/delta/recipe_format.hpp"

namespace stratus::delta {
namespace {

constexpr std::size_t kWindow = 16u << 10;
constexpr std::size_t kMaxOpen = 32;

}  // namespace

Result<std::uint64_t> BaseReference::add(std::string path) {
  if (const auto found = starts_.find(path); found != starts_.end()) return found->second;
  memory_ += kReferenceCost + path.size();
  if (memory_ > kMaxReferenceMemory) {
    return fail(ErrorCode::corrupt, "malformed recipe: too many references");
  }
  auto view = tree_.open(path);
  if (!view) {
    if (view.error().code() != ErrorCode::not_found) return forward_error(std::move(view));
    return fail(ErrorCode::corrupt,
                fmt::format("the base has no file '{}': this recipe was made for another base", path));
  }
  const std::uint64_t start = size_, size = (*view)->size();
  if (start + size < start) return fail(ErrorCode::corrupt, "malformed recipe: reference too large");
  const auto kept = starts_.emplace(std::move(path), start).first;
  files_.push_back({&kept->first, start, size, nullptr});
  size_ += size;
  return start;
}

Result<FileView*> BaseReference::view_of(File& file) {
  if (file.view == nullptr) {
    if (open_ == kMaxOpen) {
      for (File& other : files_) other.view.reset();
      open_ = 0;
    }
    STRATUS_TRY(view, tree_.open(*file.path));
    if (view->size() != file.size) return fail(ErrorCode::corrupt, *file.path + " changed while it was read");
    file.view = std::move(view);
    ++open_;
  }
  return file.view.get();
}

Result<void> BaseReference::read_directly(std::uint64_t position, std::span<std::uint8_t> into) {
  auto file = std::upper_bound(files_.begin(), files_.end(), position,
                               [](std::uint64_t at, const File& of) { return at < of.start; });
  if (file == files_.begin()) return fail(ErrorCode::corrupt, "malformed recipe: nothing to copy from");
  for (--file; !into.empty(); ++file) {
    const std::uint64_t skip = position - file->start;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), file->size - skip));
    if (count == 0) continue;  // an empty file
    STRATUS_TRY(view, view_of(*file));
    STRATUS_CHECK(view->read(skip, into.first(count)));
    into = into.subspan(count);
    position += count;
  }
  return {};
}

Result<void> BaseReference::read(std::uint64_t position, std::span<std::uint8_t> into) {
  if (position > size_ || into.size() > size_ - position) {
    return fail(ErrorCode::corrupt,
                "a copy from outside the base: the recipe is malformed or for another base");
  }
  if (into.size() >= kWindow) return read_directly(position, into);
  if (position < window_at_ || position + into.size() > window_at_ + window_.size()) {
    window_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kWindow, size_ - position)));
    window_at_ = position;
    if (auto filled = read_directly(position, window_); !filled) {
      window_.clear();
      return filled;
    }
  }
  std::copy_n(window_.begin() + static_cast<std::ptrdiff_t>(position - window_at_), into.size(),
              into.begin());
  return {};
}

}  // namespace stratus::delta
