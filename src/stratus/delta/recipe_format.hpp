// The recipe file's frame: its head, and where its streams are (docs/formats/delta.md).
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/delta/codec.hpp"
#include "stratus/delta/patch.hpp"

namespace stratus::delta {

constexpr std::uint8_t kRecipeMagic = 0xd5;
constexpr std::uint8_t kRecipeVersion = 1;

// The streams in their order: the plan, the patch of the tar headers, the patch of the files' data.
constexpr std::size_t kPlanStream = 0;
constexpr std::size_t kHeaderStreams = 1;
constexpr std::size_t kContentStreams = kHeaderStreams + kPatchStreams;
constexpr std::size_t kStreams = kContentStreams + kPatchStreams;

// A packed recipe holds at most this many bytes of streams, unpacked.
constexpr std::uint64_t kMaxPacked = 1u << 20;
// No longer than this is what comes before the compressed bytes.
constexpr std::size_t kMaxHead = 512;
// What applying takes apart from compressors and a packed body: buffers, the tar parser's extended headers,
// the list of references.
constexpr std::uint64_t kFixedMemory = 4u << 20;
constexpr std::size_t kMaxReferenceMemory = 2u << 20;  // of the latter, for the list of references
constexpr std::size_t kReferenceCost = 96;             // one reference: this and its path
constexpr std::size_t kMaxPath = 4096;

struct RecipeHead {
  struct Stream {
    std::uint64_t raw_size = 0;
    CodecSpec spec;
    std::uint64_t offset = 0;  // in the recipe file
    std::uint64_t stored_size = 0;
  };
  bool tar = false;           // the output is a tar: headers apart, files by their paths
  bool base_headers = false;  // the header patch copies from the base's headers
  bool packed = false;        // all streams together in `body`
  bool directory = false;     // the tar stands for a directory
  std::uint64_t output_bytes = 0;
  Digest output_digest;
  Stream body;                           // when packed
  std::array<Stream, kStreams> streams;  // otherwise

  std::uint64_t memory_bytes() const;
};

// `beginning`: the file's first kMaxHead bytes, or all of a shorter one.
Result<RecipeHead> parse_recipe_head(BytesView beginning, std::uint64_t file_size);

// Compresses streams, each once however often it comes: forms of one recipe share most of theirs.
class StreamPacker {
 public:
  const Compressed& pack(BytesView raw);

 private:
  std::unordered_map<Digest, Compressed> known_;  // by the digest of the raw bytes
};

// The smaller of the two forms. `streams` are raw.
Bytes build_recipe(const RecipeHead& head, const std::array<Bytes, kStreams>& streams, StreamPacker& packer);

}  // namespace stratus::delta
