// What to put into a layer so that it turns an older tree into a newer one (OCI image specification 1.1,
// layer.md, "Representing Changes"; docs/formats/layer.md).
#pragma once

#include <string>
#include <vector>

#include "stratus/oci/tree.hpp"

namespace stratus::oci {

struct LayerChange {
  enum class Kind : std::uint8_t {
    put,     // `node` as it is in the newer tree
    link,    // a hard link to `target`, which comes earlier in the same layer
    remove,  // whiteout of `path`
    opaque,  // nothing older shows in directory `path`
  };
  Kind kind;
  std::string path;
  const TreeNode* node = nullptr;  // in the newer tree, which must outlive the list
  std::string target;
};

struct DiffSummary {
  std::uint64_t added = 0, changed = 0,
                removed = 0;  // paths; directories that only lead somewhere not counted
};

struct TreeDiff {
  std::vector<LayerChange> changes;  // in the order of the layer; empty when the trees are the same
  DiffSummary summary;
};

// The root and all directories above a change are part of the list even when unchanged: overlayfs shows a
// directory's attributes as the topmost layer has them. All names of a hard-linked file are written when one
// is, because a link cannot reach into a layer below.
TreeDiff diff_trees(const Tree& older, const Tree& newer, const CompareOptions& options = {});

}  // namespace stratus::oci
