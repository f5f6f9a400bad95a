#include "stratus/server/image_catalogue.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "stratus/oci/image_config.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::server {
namespace {

constexpr std::size_t kImages = 2'000;     // kept
constexpr std::size_t kLists = 8;          // kept
constexpr std::size_t kRows = 1'000'000;   // of all kept lists
constexpr std::size_t kNodes = 2'000'000;  // of one image

std::string_view word_of(oci::EntryType type) {
  constexpr std::array<std::string_view, 7> kWords{"file",        "directory",    "symlink", "hard_link",
                                                   "char_device", "block_device", "fifo"};
  return kWords[static_cast<std::size_t>(type)];
}

FileRow row_of(const std::string& path, const oci::TarEntry& entry, const Digest& content) {
  FileRow row;
  row.path = "/" + path;
  row.kind = word_of(entry.type);
  row.size = entry.size;
  row.mode = entry.mode;
  row.uid = entry.uid;
  row.gid = entry.gid;
  row.mtime_s = entry.mtime_s;
  row.target = entry.link_target;
  row.content = content;
  return row;
}

void add(FileList& list, FileRow row, std::string_view change) {
  row.change = change;
  FileList::Sum& sum = list.sums[row.change];
  ++sum.paths;
  sum.bytes += change == "removed" ? row.size_before : row.size;
  list.rows.push_back(std::move(row));
}

std::uint64_t size_in(const oci::Tree& tree, const std::string& path) {
  const auto found = tree.nodes.find(path);
  return found == tree.nodes.end() ? 0 : found->second.entry.size;
}

FileRow removed(const std::string& path, std::uint64_t size) {
  FileRow row;
  row.path = "/" + path;
  row.size_before = size;
  return row;
}

}  // namespace

std::uint64_t ImageFacts::bytes() const {
  std::uint64_t sum = manifest_bytes + config_bytes;
  for (const Layer& layer : layers) sum += layer.blob.size;
  return sum;
}

FileList list_layer(const oci::Tree& below, const oci::LayerItems& layer) {
  FileList list;
  list.rows.reserve(layer.size());
  for (const oci::LayerItem& item : layer) {
    const std::string path = item.where.path();
    const auto before = below.nodes.find(path);
    switch (item.where.mark) {
      case oci::LayerMark::ignored:
        break;
      case oci::LayerMark::whiteout:
        add(list, removed(path, size_in(below, path)), "removed");
        break;
      case oci::LayerMark::opaque: {
        FileRow row;
        row.path = "/" + path;
        add(list, std::move(row), "opaque");
        break;
      }
      case oci::LayerMark::none: {
        FileRow row = row_of(path, item.entry, item.content);
        if (before == below.nodes.end()) {
          add(list, std::move(row), "added");
          break;
        }
        row.size_before = before->second.entry.size;
        oci::TreeNode now;
        now.entry = item.entry;
        now.entry.path = before->second.entry.path;
        now.content = item.content;
        const bool same = item.entry.type != oci::EntryType::hard_link &&
                          oci::same_node(before->second, now, oci::CompareOptions());
        add(list, std::move(row), same ? "same" : "changed");
        break;
      }
    }
  }
  std::stable_sort(list.rows.begin(), list.rows.end(),
                   [](const FileRow& a, const FileRow& b) { return a.path < b.path; });
  return list;
}

FileList list_changes(const oci::Tree& older, const oci::Tree& newer) {
  FileList list;
  auto before = older.nodes.begin();
  auto now = newer.nodes.begin();
  while (before != older.nodes.end() || now != newer.nodes.end()) {
    const int order = before == older.nodes.end() ? 1
                      : now == newer.nodes.end()  ? -1
                                                  : before->first.compare(now->first);
    if (order < 0) {
      add(list, removed(before->first, before->second.entry.size), "removed");
      ++before;
      continue;
    }
    FileRow row = row_of(now->first, now->second.entry, now->second.content);
    if (order > 0) {
      add(list, std::move(row), "added");
      ++now;
      continue;
    }
    if (!oci::same_node(before->second, now->second, oci::CompareOptions())) {
      row.size_before = before->second.entry.size;
      add(list, std::move(row), "changed");
    }
    ++before;
    ++now;
  }
  return list;
}

Result<std::unique_ptr<ImageCatalogue>> ImageCatalogue::open(const std::filesystem::path& directory,
                                                             const store::RepositoryStore& repositories) {
  STRATUS_TRY(indexes, LayerIndexes::open(directory, LayerIndexLimits(), repositories.blobs()));
  std::unique_ptr<ImageCatalogue> made(new ImageCatalogue(repositories));
  made->indexes_ = std::move(indexes);
  return made;
}

Result<std::shared_ptr<const ImageFacts>> ImageCatalogue::image(const std::string& name,
                                                                const Digest& digest) {
  // Also of a kept one: its digest alone must not open another repository's image.
  STRATUS_TRY(info, repositories_.find_manifest(name, digest));
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = images_.find(digest); found != images_.end()) return found->second;
  }
  if (info.media_type == oci::media::kIndex || info.media_type == oci::media::kDockerIndex)
    return fail(ErrorCode::invalid, digest.text() + " is an index of images for several platforms");
  STRATUS_TRY(text, repositories_.read_manifest(name, digest));
  STRATUS_TRY(manifest, oci::parse_manifest(text));
  STRATUS_TRY(config_text, repositories_.blobs().read(manifest.config.digest, oci::kMaxConfig));
  STRATUS_TRY(config, oci::parse_image_config(config_text));
  if (config.diff_ids.size() != manifest.layers.size())
    return fail(ErrorCode::invalid, digest.text() + " names another number of layers than its configuration");
  const auto facts = std::make_shared<ImageFacts>();
  facts->digest = digest;
  facts->manifest_bytes = text.size();
  facts->config_bytes = manifest.config.size;
  facts->architecture = config.architecture;
  facts->os = config.os;
  facts->created = config.created;
  for (std::size_t i = 0; i < manifest.layers.size(); ++i)
    facts->layers.push_back({manifest.layers[i], config.diff_ids[i]});
  const std::lock_guard lock(mutex_);
  if (images_.size() >= kImages) images_.erase(images_.begin());
  images_[digest] = facts;
  return std::shared_ptr<const ImageFacts>(facts);
}

Result<oci::Tree> ImageCatalogue::tree_of(const ImageFacts& image, std::size_t layers) {
  oci::Tree tree;
  for (std::size_t i = 0; i < layers; ++i) {
    STRATUS_TRY(items, indexes_->get(image.layers[i].blob, image.layers[i].diff_id));
    STRATUS_CHECK(oci::apply_layer(tree, *items));
    if (tree.nodes.size() > kNodes)
      return fail(ErrorCode::no_space, "the image has more files than are shown");
  }
  return tree;
}

std::shared_ptr<const FileList> ImageCatalogue::find_list(const std::string& key) {
  const std::lock_guard lock(mutex_);
  for (auto at = lists_.begin(); at != lists_.end(); ++at) {
    if (at->first != key) continue;
    lists_.splice(lists_.begin(), lists_, at);
    return at->second;
  }
  return nullptr;
}

std::shared_ptr<const FileList> ImageCatalogue::keep_list(const std::string& key, FileList list) {
  auto kept = std::make_shared<const FileList>(std::move(list));
  const std::lock_guard lock(mutex_);
  lists_.emplace_front(key, kept);
  std::size_t rows = 0, count = 0;
  for (auto at = lists_.begin(); at != lists_.end();) {
    rows += at->second->rows.size();
    at = ++count > 1 && (count > kLists || rows > kRows) ? lists_.erase(at) : std::next(at);
  }
  return kept;
}

Result<std::shared_ptr<const FileList>> ImageCatalogue::layer_files(const ImageFacts& image,
                                                                    std::size_t layer) {
  const std::string key = fmt::format("{} {}", image.digest.text(), layer);
  if (auto kept = find_list(key)) return kept;
  STRATUS_TRY(below, tree_of(image, layer));
  STRATUS_TRY(items, indexes_->get(image.layers[layer].blob, image.layers[layer].diff_id));
  return keep_list(key, list_layer(below, *items));
}

Result<std::shared_ptr<const FileList>> ImageCatalogue::compare(const ImageFacts& older,
                                                                const ImageFacts& newer) {
  const std::string key = older.digest.text() + " " + newer.digest.text();
  if (auto kept = find_list(key)) return kept;
  STRATUS_TRY(before, tree_of(older, older.layers.size()));
  STRATUS_TRY(now, tree_of(newer, newer.layers.size()));
  return keep_list(key, list_changes(before, now));
}

}  // namespace stratus::server
