// A delta as a recipe: it streams the exact uncompressed tar of a new layer (or any byte stream) out of the
// files of an installed older image plus the bytes that are new. Format: docs/formats/delta.md.
//
// Both calls block and keep no global state: call them from any thread, several at a time.
#pragma once

#include <cstdint>
#include <filesystem>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/sink.hpp"
#include "stratus/delta/file_tree.hpp"

namespace stratus::delta {

struct MakeOptions {
  // Above this size of one old file (bytes) the suffix array gives way to a linear-memory matcher.
  std::uint64_t suffix_array_limit = 256ull << 20;
  // A recipe that would not be smaller than this is given up with `conflict` (0: never give up). The server
  // passes the size of the compressed layer: such a delta would be of no use.
  std::uint64_t give_up_at = 0;
  // Bytes of the new files that the base does not explain, as they would be held in memory: given up with
  // `conflict` beyond (0: no bound). Each costs about six bytes of memory and a microsecond of CPU.
  std::uint64_t max_new_bytes = 256ull << 20;
  // Whether whoever applies the recipe has the tar headers of the base's layers (FileTree::headers). They
  // make the headers of a rebuilt layer nearly free.
  bool base_headers = false;
  // Bytes that the reader's list of old files may take ("Reference" in the format). Files beyond it are new
  // to the recipe. No more than the format allows is ever used.
  std::size_t max_reference_memory = 2u << 20;
  // The tar stands for a directory, and whoever applies the recipe should make one of it.
  bool directory = false;
};

struct MakeResult {
  std::uint64_t recipe_bytes = 0;
  std::uint64_t output_bytes = 0;  // of the tar that the recipe makes
  Digest output_digest;            // the layer's diff id
};

// Writes to `recipe` how to make the file `new_tar` (if it is not a tar, it is one opaque file) from `base`.
Result<MakeResult> make_recipe(const FileTree& base, const std::filesystem::path& new_tar,
                               const std::filesystem::path& recipe, const MakeOptions& options);

struct ApplyLimits {
  std::uint64_t max_output = 16ull << 30;  // bytes
  std::uint64_t max_memory = 32ull << 20;  // bytes beside mapped files; a recipe that needs more is refused
};

// What a recipe says of itself, known before anything is written.
struct RecipeInfo {
  std::uint64_t output_bytes;
  Digest output_digest;
  std::uint64_t memory_bytes;  // the most that applying it takes beside mapped files
  bool directory;              // MakeOptions::directory
};
Result<RecipeInfo> read_recipe_info(const std::filesystem::path& recipe);

// Streams the output into `sink`. The bytes are hashed on the way: when the digest is not the recipe's, the
// answer is `corrupt`, and whoever took the bytes must discard them. A malformed recipe, or a base that is
// not the one it was made for, is `corrupt` and never more than an error.
Result<RecipeInfo> apply_recipe(const std::filesystem::path& recipe, const FileTree& base,
                                const ApplyLimits& limits, const ByteSink& sink);

}  // namespace stratus::delta
