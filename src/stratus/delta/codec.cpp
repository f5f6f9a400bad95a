#include "stratus/delta/codec.hpp"

#include <algorithm>
#include <bit>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

#include "stratus/delta/platform/codecs.hpp"

namespace stratus::delta {
namespace {

// Brotli at its best setting manages about 0.5 MB/s and LZMA wins on large inputs anyway.
constexpr std::size_t kBrotliLimit = 256u << 10;
constexpr std::size_t kNoiseAbove = 4u << 10;  // of less it does not take long to be sure
constexpr std::size_t kZstdLimit = 64u << 10;
constexpr std::size_t kTryManyLimit = 64u << 10;
constexpr std::size_t kTryFewLimit = 2u << 20;

unsigned window_log_for(std::size_t size, unsigned least, unsigned most) {
  const auto needed = static_cast<unsigned>(std::bit_width(size == 0 ? 0 : size - 1));
  return std::clamp(needed, least, most);
}

constexpr std::uint8_t lzma_properties(unsigned lc, unsigned lp, unsigned pb) {
  return static_cast<std::uint8_t>((pb * 5 + lp) * 9 + lc);
}

void keep_smaller(Compressed& best, const CodecSpec& spec, std::optional<Bytes> data) {
  // A spec with properties is a byte longer.
  const auto cost = [](const CodecSpec& of) { return of.codec == Codec::lzma ? 1u : 0u; };
  if (data && data->size() + cost(spec) < best.data.size() + cost(best.spec)) best = {spec, std::move(*data)};
}

}  // namespace

std::uint64_t CodecSpec::memory_bytes() const {
  const std::uint64_t window = std::uint64_t{1} << window_log;
  switch (codec) {
    case Codec::stored:
      return 0;
    case Codec::zstd:
      return window + platform::kZstdOverhead;
    case Codec::lzma:
      return window + platform::kLzmaOverhead;
    case Codec::brotli:
      return window + platform::kBrotliOverhead;
  }
  return 0;
}

void append_codec_spec(Bytes& out, const CodecSpec& spec) {
  const unsigned window = spec.codec == Codec::stored ? 0 : spec.window_log - CodecSpec::kMinWindowLog;
  out.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(spec.codec) | window << 4));
  if (spec.codec == Codec::lzma) out.push_back(spec.lzma_properties);
}

Compressed compress_best(BytesView raw) {
  Compressed best{{}, Bytes(raw.begin(), raw.end())};
  if (raw.size() < 8) return best;
  CodecSpec spec;
  if (raw.size() <= kZstdLimit) {
    spec = {Codec::zstd, window_log_for(raw.size(), 10, 23), 0};
    keep_smaller(best, spec, platform::zstd_compress(raw, spec.window_log, 22));
  }
  std::initializer_list<std::uint8_t> few{lzma_properties(3, 0, 0), lzma_properties(1, 0, 0)};
  std::initializer_list<std::uint8_t> many{lzma_properties(3, 0, 0), lzma_properties(1, 0, 0),
                                           lzma_properties(0, 0, 0), lzma_properties(3, 0, 2),
                                           lzma_properties(0, 2, 2)};
  std::initializer_list<std::uint8_t> one{lzma_properties(3, 0, 0)};
  const auto choice = raw.size() <= kTryManyLimit ? many : raw.size() <= kTryFewLimit ? few : one;
  for (const std::uint8_t properties : choice) {
    spec = {Codec::lzma, window_log_for(raw.size(), 12, 23), properties};
    keep_smaller(best, spec, platform::lzma_compress(raw, spec.window_log, properties));
  }
  // Last, because it takes ten times as long as the others together, for nothing where they found nothing.
  const bool noise = raw.size() >= kNoiseAbove && best.spec.codec == Codec::stored;
  if (raw.size() <= kBrotliLimit && !noise) {
    spec = {Codec::brotli, window_log_for(raw.size(), 10, 22), 0};
    keep_smaller(best, spec, platform::brotli_compress(raw, spec.window_log, false));
  }
  return best;
}

Result<ByteSource> open_decoder(const CodecSpec& spec, std::uint64_t raw_size, ByteSource input) {
  switch (spec.codec) {
    case Codec::stored:
      return input;
    case Codec::zstd:
      return platform::zstd_decoder(spec, std::move(input));
    case Codec::lzma:
      return platform::lzma_decoder(spec, raw_size, std::move(input));
    case Codec::brotli:
      return platform::brotli_decoder(spec, std::move(input));
  }
  return fail(ErrorCode::corrupt, fmt::format("codec {} is unknown", static_cast<int>(spec.codec)));
}

}  // namespace stratus::delta
