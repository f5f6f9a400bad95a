// The compressors behind a recipe's streams. None of them writes a container, a length or a checksum: the
// recipe holds the length, and the output's digest covers everything.
#pragma once

#include <cstdint>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/sink.hpp"

namespace stratus::delta {

enum class Codec : std::uint8_t { stored = 0, zstd = 1, lzma = 2, brotli = 3 };

// How one stream is compressed, as it stands in the recipe (see docs/formats/delta.md, "Codec").
struct CodecSpec {
  static constexpr unsigned kMinWindowLog = 10;
  static constexpr unsigned kMaxWindowLog = 24;

  Codec codec = Codec::stored;
  unsigned window_log = kMinWindowLog;  // the decoder's window is 2^window_log bytes
  std::uint8_t lzma_properties = 0;     // (pb * 5 + lp) * 9 + lc

  // The most that decoding takes, in bytes.
  std::uint64_t memory_bytes() const;

  bool operator==(const CodecSpec&) const = default;
};

void append_codec_spec(Bytes& out, const CodecSpec& spec);

struct Compressed {
  CodecSpec spec;
  Bytes data;
};

// The smallest of what the codecs make of `raw`; the same bytes for the same input. Large inputs are spared
// the slowest settings.
Compressed compress_best(BytesView raw);

// Answers the `raw_size` bytes that `input` unpacks to, then 0. More memory than the spec promises is never
// taken; bytes that do not unpack are `corrupt`.
Result<ByteSource> open_decoder(const CodecSpec& spec, std::uint64_t raw_size, ByteSource input);

}  // namespace stratus::delta
