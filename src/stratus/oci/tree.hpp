// A file tree as values: what an image shows, with attributes and content digests but without the bytes.
// Made from a directory, from layer tars, or from the indexes of layers; compared to find what changed.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/sink.hpp"
#include "stratus/oci/layer_rules.hpp"
#include "stratus/oci/tar_entry.hpp"

namespace stratus::oci {

struct TreeNode {
  TarEntry entry;          // path as LayerPath has it ("" is the root); never a hard_link
  Digest content;          // of a file's bytes
  std::uint64_t link = 0;  // nodes with the same number other than 0 are one inode
  // Where a file's bytes are, for whoever made the tree: which source, and where in it.
  std::uint32_t source = 0;
  std::uint64_t offset = 0;
};

// Two trees are compared by what a program could see: kind, attributes, times, target, contents.
struct CompareOptions {
  bool ignore_times = false;  // a changed time alone is no change
};
bool same_node(const TreeNode& a, const TreeNode& b, const CompareOptions& options);

struct Tree {
  std::map<std::string, TreeNode> nodes;  // by path; a parent sorts before its children
  std::uint64_t next_link = 1;

  std::uint64_t file_bytes() const;  // each inode once
};

// One entry of a layer, in its order.
struct LayerItem {
  TarEntry entry;
  LayerPath where;
  Digest content;
  std::uint64_t offset = 0;
};
using LayerItems = std::vector<LayerItem>;

// Lays `layer` over `tree` as oci/unpack.hpp does in merged_tree form. `invalid` for what that refuses:
// entries behind something that is not a directory, hard links to nothing.
Result<void> apply_layer(Tree& tree, const LayerItems& layer, std::uint32_t source = 0);

// Reads the bytes of a tree's files again, later.
class ContentSource {
 public:
  virtual ~ContentSource() = default;
  // `conflict` when the bytes are no longer those of node.content.
  virtual Result<void> read(const TreeNode& node, const ByteSink& sink) const = 0;
};

}  // namespace stratus::oci
