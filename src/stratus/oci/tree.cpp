#include "stratus/oci/tree.hpp"

#include <unordered_set>

#include <fmt/format.h>

namespace stratus::oci {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

class LayerApplier {
 public:
  LayerApplier(Tree& tree, std::uint32_t source) : tree_(tree), source_(source) {}

  Result<void> apply(const LayerItem& item) {
    const LayerPath& where = item.where;
    if (where.mark == LayerMark::ignored) return {};
    STRATUS_CHECK(make_parents(where.mark == LayerMark::opaque ? where.parent + "/x" : where.path()));
    if (where.mark == LayerMark::opaque) return hide_children(where.parent);
    if (where.mark == LayerMark::whiteout) return hide(where.path());
    return put(item);
  }

 private:
  // Directories that the archive takes for granted.
  Result<void> make_parents(const std::string& path) {
    const std::string parent = parent_of(path);
    if (parent.empty()) return {};
    const auto found = tree_.nodes.find(parent);
    if (found != tree_.nodes.end()) {
      if (found->second.entry.type == EntryType::directory) return {};
      return fail(ErrorCode::invalid,
                  fmt::format("{} lies behind {}, which is not a directory (links are not followed)",
                              shown(path), shown(parent)));
    }
    STRATUS_CHECK(make_parents(parent));
    TreeNode node;
    node.entry.path = parent;
    node.entry.type = EntryType::directory;
    node.entry.mode = 0755;
    tree_.nodes.emplace(parent, std::move(node));
    return {};
  }

  Result<void> put(const LayerItem& item) {
    const std::string path = item.where.path();
    TreeNode node;
    if (item.entry.type == EntryType::hard_link) {
      STRATUS_TRY(target, parse_link_path(item.entry.link_target).with_context(shown(path)));
      const auto found = tree_.nodes.find(target);
      if (found == tree_.nodes.end() || target == path || found->second.entry.type == EntryType::directory) {
        return fail(ErrorCode::invalid, fmt::format("{} is a hard link to {}, which is no file there",
                                                    shown(path), shown(target)));
      }
      if (found->second.link == 0) found->second.link = tree_.next_link++;
      node = found->second;
    } else {
      node.entry = item.entry;
      node.content = item.content;
      node.source = source_;
      node.offset = item.offset;
      if (node.entry.type == EntryType::symlink) node.entry.mode = 0777;  // Linux knows no other
      std::erase_if(node.entry.xattrs, [](const auto& xattr) { return is_host_xattr(xattr.first); });
    }
    node.entry.path = path;
    if (node.entry.type != EntryType::directory) remove_below(path);
    tree_.nodes.insert_or_assign(path, std::move(node));
    for (std::string at = path; !at.empty() && written_.insert(at).second;) at = parent_of(at);
    return {};
  }

  void remove_below(const std::string& path) {
    const auto first = tree_.nodes.lower_bound(path + "/");
    tree_.nodes.erase(first, tree_.nodes.lower_bound(path + "0"));  // '0' follows '/'
  }

  // What this layer wrote itself stays.
  Result<void> hide(const std::string& path) {
    STRATUS_CHECK(hide_children(path));
    if (!written_.contains(path)) tree_.nodes.erase(path);
    return {};
  }
  Result<void> hide_children(const std::string& path) {
    auto at = path.empty() ? tree_.nodes.begin() : tree_.nodes.lower_bound(path + "/");
    const auto end = path.empty() ? tree_.nodes.end() : tree_.nodes.lower_bound(path + "0");
    while (at != end)
      at = at->first.empty() || written_.contains(at->first) ? std::next(at) : tree_.nodes.erase(at);
    return {};
  }

  Tree& tree_;
  std::uint32_t source_;
  std::unordered_set<std::string> written_;
};

}  // namespace

bool same_node(const TreeNode& a, const TreeNode& b, const CompareOptions& options) {
  const TarEntry &x = a.entry, &y = b.entry;
  if (x.type != y.type || x.mode != y.mode || x.uid != y.uid || x.gid != y.gid || x.xattrs != y.xattrs)
    return false;
  if (!options.ignore_times && (x.mtime_s != y.mtime_s || x.mtime_ns != y.mtime_ns)) return false;
  switch (x.type) {
    case EntryType::file:
      return x.size == y.size && a.content == b.content;
    case EntryType::symlink:
      return x.link_target == y.link_target;
    case EntryType::char_device:
    case EntryType::block_device:
      return x.device_major == y.device_major && x.device_minor == y.device_minor;
    default:
      return true;
  }
}

std::uint64_t Tree::file_bytes() const {
  std::uint64_t total = 0;
  std::unordered_set<std::uint64_t> counted;
  for (const auto& [path, node] : nodes) {
    if (node.link == 0 || counted.insert(node.link).second) total += node.entry.size;
  }
  return total;
}

Result<void> apply_layer(Tree& tree, const LayerItems& layer, std::uint32_t source) {
  LayerApplier applier(tree, source);
  for (const LayerItem& item : layer) STRATUS_CHECK(applier.apply(item));
  return {};
}

}  // namespace stratus::oci
