// Layer tars as a tree: whiteouts (OCI image specification 1.1, layer.md) and hard links are resolved when
// the tree is opened; data is read from the tars when asked for.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <fcntl.h>

#include "stratus/base/file.hpp"
#include "stratus/delta/file_tree.hpp"
#include "stratus/delta/file_view.hpp"
#include "stratus/delta/layer_headers.hpp"
#include "stratus/delta/tar_layout.hpp"

namespace stratus::delta {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

struct Layer {
  std::shared_ptr<FileDescriptor> file;
  std::unique_ptr<FileView> tar;
  TarLayout layout;
};

struct Place {
  std::size_t layer;
  std::uint64_t offset, size;
};

using Places = std::map<std::string, Place, std::less<>>;

void remove_below(Places& places, const std::string& directory) {
  const std::string prefix = directory.empty() ? "" : directory + "/";
  auto first = places.lower_bound(prefix), last = first;
  while (last != places.end() && last->first.starts_with(prefix)) ++last;
  places.erase(first, last);
}

void remove_path(Places& places, const std::string& path) {
  if (const auto found = places.find(path); found != places.end()) places.erase(found);
  remove_below(places, path);
}

void put_layer(Places& places, const TarLayout& layout, std::size_t index) {
  // Whiteouts speak of lower layers only, wherever in the tar they stand.
  for (const TarMember& member : layout.members) {
    const std::size_t slash = member.path.rfind('/');
    const std::string directory = slash == std::string::npos ? "" : member.path.substr(0, slash);
    const std::string_view name =
        std::string_view(member.path).substr(slash == std::string::npos ? 0 : slash + 1);
    if (name == kOpaque) {
      remove_below(places, directory);
    } else if (name.starts_with(kWhiteout)) {
      const std::string hidden(name.substr(kWhiteout.size()));
      if (!hidden.empty()) remove_path(places, directory.empty() ? hidden : directory + "/" + hidden);
    }
  }
  for (const TarMember& member : layout.members) {
    const std::size_t slash = member.path.rfind('/');
    const std::string_view name =
        std::string_view(member.path).substr(slash == std::string::npos ? 0 : slash + 1);
    if (member.path.empty() || name.starts_with(kWhiteout)) continue;
    std::optional<Place> place;
    if (member.type == oci::EntryType::file) place = {index, member.data_offset, member.size};
    if (member.type == oci::EntryType::hard_link) {
      const auto target = places.find(member.link_target);
      if (target != places.end()) place = target->second;
    }
    // A directory over a directory keeps what is below it; anything else replaces the whole path.
    if (member.type == oci::EntryType::directory) {
      if (const auto found = places.find(member.path); found != places.end()) places.erase(found);
    } else {
      remove_path(places, member.path);
    }
    if (place) places.emplace(member.path, *place);
  }
}

class TarTree final : public FileTree {
 public:
  TarTree(std::vector<Layer> layers, Places places)
      : layers_(std::move(layers)), places_(std::move(places)) {}

  Result<const std::vector<TreeFile>*> files() const override {
    if (files_.empty()) {
      for (const auto& [path, place] : places_) files_.push_back({path, place.size});
    }
    return &files_;
  }
  Result<std::unique_ptr<FileView>> open(std::string_view path) const override {
    const auto found = places_.find(path);
    if (found == places_.end()) return fail(ErrorCode::not_found, "no regular file " + std::string(path));
    const Place& place = found->second;
    return make_file_view(layers_[place.layer].file, place.offset, place.size);
  }
  Result<std::unique_ptr<FileView>> headers() const override {
    Bytes all;
    for (const Layer& layer : layers_) {
      if (layer.layout.header_bytes > kMaxLayerHeaders) continue;
      const auto view = make_header_view(*layer.tar, layer.layout);
      const std::size_t at = all.size();
      all.resize(at + static_cast<std::size_t>(view->size()));
      STRATUS_CHECK(view->read(0, std::span(all).subspan(at)));
    }
    return make_memory_view(std::move(all));
  }

 private:
  std::vector<Layer> layers_;
  Places places_;
  mutable std::vector<TreeFile> files_;
};

}  // namespace

Result<std::unique_ptr<FileTree>> open_tar_tree(const std::vector<std::filesystem::path>& tars) {
  std::vector<Layer> layers;
  Places places;
  for (const auto& path : tars) {
    STRATUS_TRY(fd, open_file(path, O_RDONLY));
    STRATUS_TRY(size, file_size(fd.get()));
    Layer layer;
    layer.file = std::make_shared<FileDescriptor>(std::move(fd));
    layer.tar = make_file_view(layer.file, 0, size);
    STRATUS_TRY(layout, read_tar_layout(*layer.tar).with_context(path.string()));
    put_layer(places, layout, layers.size());
    layer.layout = std::move(layout);
    layers.push_back(std::move(layer));
  }
  return std::unique_ptr<FileTree>(std::make_unique<TarTree>(std::move(layers), std::move(places)));
}

}  // namespace stratus::delta
