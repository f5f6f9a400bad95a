// For tests and fuzzing only: a recipe in every form that the format allows, not only in the one that comes
// out smallest, and the base that the seeds of fuzz/corpus/recipe were made for.
#pragma once

#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <fcntl.h>

#include "stratus/base/file.hpp"
#include "stratus/delta/file_tree.hpp"
#include "stratus/delta/layer_headers.hpp"
#include "stratus/delta/platform/codecs.hpp"
#include "stratus/delta/recipe_format.hpp"
#include "stratus/delta/tree_testing.hpp"
#include "stratus/delta/varint.hpp"

namespace stratus::delta::testing {

inline void must(const Result<void>& done) {
  if (!done) std::abort();
}

inline Compressed compress_with(Codec codec, unsigned window_log, BytesView raw) {
  switch (codec) {
    case Codec::stored:
      break;
    case Codec::zstd:
      return {{codec, window_log, 0}, platform::zstd_compress(raw, window_log, 3).value()};
    case Codec::lzma:
      return {{codec, window_log, 3}, platform::lzma_compress(raw, window_log, 3).value()};
    case Codec::brotli:
      return {{codec, window_log, 0}, platform::brotli_compress(raw, window_log, false).value()};
  }
  return {{}, Bytes(raw.begin(), raw.end())};
}

struct LooseRecipe {
  RecipeHead head;  // its `packed`, `body` and `streams` are not looked at
  std::array<Bytes, kStreams> streams;

  Bytes frame(bool packed) const {
    Bytes out{kRecipeMagic, kRecipeVersion};
    out.push_back(static_cast<std::uint8_t>((head.tar ? 1 : 0) | (head.base_headers ? 2 : 0) |
                                            (packed ? 4 : 0) | (head.directory ? 8 : 0)));
    append_varint(out, head.output_bytes);
    out.insert(out.end(), head.output_digest.bytes().begin(), head.output_digest.bytes().end());
    return out;
  }

  Bytes packed(Codec codec, unsigned window_log) const {
    Bytes raw, out = frame(true);
    for (std::size_t i = 0; i + 1 < kStreams; ++i) append_varint(raw, streams[i].size());
    for (const Bytes& stream : streams) raw.insert(raw.end(), stream.begin(), stream.end());
    const Compressed body = compress_with(codec, window_log, raw);
    append_codec_spec(out, body.spec);
    append_varint(out, raw.size());
    out.insert(out.end(), body.data.begin(), body.data.end());
    return out;
  }

  // `window_log` says each stream's.
  Bytes separate(Codec codec, const std::function<unsigned(std::size_t)>& window_log) const {
    Bytes out = frame(false), data;
    for (std::size_t i = 0; i < kStreams; ++i) {
      append_varint(out, streams[i].size());
      if (streams[i].empty()) continue;
      const Compressed stream = compress_with(codec, window_log(i), streams[i]);
      append_codec_spec(out, stream.spec);
      append_varint(out, stream.data.size());
      data.insert(data.end(), stream.data.begin(), stream.data.end());
    }
    out.insert(out.end(), data.begin(), data.end());
    return out;
  }
};

// Of a packed recipe.
inline LooseRecipe take_apart(BytesView recipe) {
  LooseRecipe loose;
  loose.head = parse_recipe_head(recipe, recipe.size()).value();
  const RecipeHead::Stream& body = loose.head.body;
  BytesView stored = recipe.subspan(static_cast<std::size_t>(body.offset));
  const ByteSource input = [&stored](std::span<std::uint8_t> into) -> Result<std::size_t> {
    const std::size_t count = std::min(into.size(), stored.size());
    std::copy_n(stored.begin(), count, into.begin());
    stored = stored.subspan(count);
    return count;
  };
  StreamReader reader(body.raw_size, open_decoder(body.spec, body.raw_size, input).value());
  std::array<std::size_t, kStreams> sizes{};
  for (std::size_t i = 0; i + 1 < kStreams; ++i) sizes[i] = static_cast<std::size_t>(reader.varint().value());
  for (std::size_t i = 0; i < kStreams; ++i) {
    if (i + 1 == kStreams) sizes[i] = static_cast<std::size_t>(reader.remaining());
    loose.streams[i].resize(sizes[i]);
    must(reader.bytes(loose.streams[i]));
  }
  return loose;
}

// The same recipe packed and separate, with each codec: {"packed-zstd", …}.
inline std::map<std::string, Bytes> all_forms(const LooseRecipe& loose) {
  std::map<std::string, Bytes> forms;
  for (const auto& [name, codec] : {std::pair{"stored", Codec::stored}, std::pair{"zstd", Codec::zstd},
                                    std::pair{"lzma", Codec::lzma}, std::pair{"brotli", Codec::brotli}}) {
    forms[std::string("packed-") + name] = loose.packed(codec, 13);
    forms[std::string("separate-") + name] = loose.separate(codec, [](std::size_t) { return 12u; });
  }
  return forms;
}

// One layer as a device keeps it: files "a" and "b", the layer's tar headers beside them.
class SeedBase {
 public:
  explicit SeedBase(const std::filesystem::path& directory) {
    std::string counted;
    for (int i = 0; i < 400; ++i) counted += std::to_string(i) + "\n";
    files = {{"a", Bytes(3000, 'a')}, {"b", Bytes(counted.begin(), counted.end())}};
    const std::filesystem::path layer = directory / "base";
    TarBuilder builder;
    for (const auto& [path, bytes] : files) {
      write(layer / path, bytes);
      builder.add(path, bytes);
    }
    tar = builder.finish();
    HeaderRecorder recorder(open_file(header_file_of(layer), O_RDWR | O_CREAT | O_TRUNC, 0644).value());
    must(recorder.feed(tar));
    must(recorder.finish());
    tree = open_layered_tree({layer}).value();
  }

  std::map<std::string, Bytes> files;
  Bytes tar;
  std::unique_ptr<FileTree> tree;
};

}  // namespace stratus::delta::testing
