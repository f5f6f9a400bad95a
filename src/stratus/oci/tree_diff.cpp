#include "stratus/oci/tree_diff.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace stratus::oci {
namespace {

using Groups = std::map<std::uint64_t, std::vector<std::string>>;

Groups groups_of(const Tree& tree) {
  Groups out;
  for (const auto& [path, node] : tree.nodes) {
    if (node.link != 0) out[node.link].push_back(path);
  }
  return out;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

class Differ {
 public:
  Differ(const Tree& older, const Tree& newer, const CompareOptions& options)
      : older_(older),
        newer_(newer),
        options_(options),
        old_groups_(groups_of(older)),
        new_groups_(groups_of(newer)) {}

  TreeDiff run() {
    find_changed();
    find_removed();
    find_opaque();
    TreeDiff out;
    out.summary = summary_;
    if (changed_.empty() && removed_.empty()) return out;
    add_parents();
    write(out.changes);
    return out;
  }

 private:
  bool is_same(const std::string& path, const TreeNode& node) const {
    const auto old = older_.nodes.find(path);
    return old != older_.nodes.end() && same_node(old->second, node, options_) &&
           same_group(old->second, node);
  }

  // The same names are one inode before and after.
  bool same_group(const TreeNode& old, const TreeNode& now) const {
    if (old.link == 0 || now.link == 0)
      return group_size(old_groups_, old.link) == group_size(new_groups_, now.link);
    return old_groups_.at(old.link) == new_groups_.at(now.link);
  }
  static std::size_t group_size(const Groups& groups, std::uint64_t link) {
    return link == 0 ? 1 : groups.at(link).size();
  }

  void find_changed() {
    for (const auto& [path, node] : newer_.nodes) {
      if (is_same(path, node)) continue;
      ++(older_.nodes.contains(path) ? summary_.changed : summary_.added);
      if (node.link == 0) {
        changed_.insert(path);
      } else {
        const auto& names = new_groups_.at(node.link);
        changed_.insert(names.begin(), names.end());
      }
    }
  }

  void find_removed() {
    for (auto at = older_.nodes.begin(); at != older_.nodes.end(); ++at) {
      const std::string& path = at->first;
      if (path.empty() || newer_.nodes.contains(path)) continue;
      ++summary_.removed;
      // Below something that is no directory any more there is nothing left to remove.
      const auto parent = newer_.nodes.find(parent_of(path));
      const bool top = parent_of(path).empty() ||
                       (parent != newer_.nodes.end() && parent->second.entry.type == EntryType::directory);
      if (top) removed_.insert(path);
    }
  }

  // A directory of which nothing stayed is opaque instead of a list of its former names.
  void find_opaque() {
    std::map<std::string, std::size_t> removed_children;
    for (const std::string& path : removed_) ++removed_children[parent_of(path)];
    for (const auto& removed : removed_children) {
      const std::string& directory = removed.first;
      if (removed.second < 2 || directory.empty()) continue;
      const auto first = newer_.nodes.lower_bound(directory + "/"),
                 last = newer_.nodes.lower_bound(directory + "0");
      const bool all_new =
          std::all_of(first, last, [&](const auto& item) { return changed_.contains(item.first); });
      if (!all_new) continue;
      // Parents come first: below an opaque directory nothing more needs to be said.
      const bool inside = std::any_of(opaque_.begin(), opaque_.end(),
                                      [&](const auto& above) { return directory.starts_with(above + "/"); });
      if (!inside) opaque_.insert(directory);
    }
    for (const std::string& directory : opaque_) {
      removed_.erase(removed_.lower_bound(directory + "/"), removed_.lower_bound(directory + "0"));
    }
  }

  void add_parents() {
    std::set<std::string> needed{""};
    const auto climb = [&](const std::string& path) {
      for (std::string at = parent_of(path); needed.insert(at).second;) at = parent_of(at);
    };
    for (const std::string& path : changed_) climb(path);
    for (const std::string& path : removed_) climb(path);
    for (const std::string& path : opaque_) climb(path + "/x");
    for (const std::string& path : needed) {
      if (newer_.nodes.contains(path)) changed_.insert(path);
    }
  }

  void write(std::vector<LayerChange>& out) const {
    std::map<std::uint64_t, std::string> first_of_group;
    const auto put = [&](const std::string& path) {
      const TreeNode& node = newer_.nodes.at(path);
      if (node.link != 0) {
        const auto [first, is_first] = first_of_group.emplace(node.link, path);
        if (!is_first) {
          out.push_back({LayerChange::Kind::link, path, &node, first->second});
          return;
        }
      }
      out.push_back({LayerChange::Kind::put, path, &node, {}});
      if (opaque_.contains(path)) out.push_back({LayerChange::Kind::opaque, path, nullptr, {}});
    };
    // One merged walk over both sorted sets.
    auto change = changed_.begin();
    auto removal = removed_.begin();
    while (change != changed_.end() || removal != removed_.end()) {
      if (removal == removed_.end() || (change != changed_.end() && *change < *removal)) {
        put(*change++);
      } else {
        out.push_back({LayerChange::Kind::remove, *removal++, nullptr, {}});
      }
    }
  }

  const Tree& older_;
  const Tree& newer_;
  const CompareOptions options_;
  const Groups old_groups_, new_groups_;
  std::set<std::string> changed_, removed_, opaque_;
  DiffSummary summary_;
};

}  // namespace

TreeDiff diff_trees(const Tree& older, const Tree& newer, const CompareOptions& options) {
  return Differ(older, newer, options).run();
}

}  // namespace stratus::oci
