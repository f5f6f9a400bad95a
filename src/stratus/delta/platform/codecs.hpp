// What each compression library offers to codec.cpp.
#pragma once

#include <optional>

#include "stratus/delta/codec.hpp"

namespace stratus::delta::platform {

// Compressing answers nothing when the library fails (out of memory); the caller has other codecs.
std::optional<Bytes> zstd_compress(BytesView raw, unsigned window_log, int level);
std::optional<Bytes> lzma_compress(BytesView raw, unsigned window_log, std::uint8_t properties);
std::optional<Bytes> brotli_compress(BytesView raw, unsigned window_log, bool text);

Result<ByteSource> zstd_decoder(const CodecSpec& spec, ByteSource input);
Result<ByteSource> lzma_decoder(const CodecSpec& spec, std::uint64_t raw_size, ByteSource input);
Result<ByteSource> brotli_decoder(const CodecSpec& spec, ByteSource input);

// What the decoders take on top of their window, in bytes (measured, rounded up; tested in codec_test.cpp).
constexpr std::uint64_t kZstdOverhead = 512u << 10;
constexpr std::uint64_t kLzmaOverhead = 160u << 10;
constexpr std::uint64_t kBrotliOverhead = 512u << 10;
// Compressed bytes read at a time.
constexpr std::size_t kInputChunk = 16u << 10;

}  // namespace stratus::delta::platform
