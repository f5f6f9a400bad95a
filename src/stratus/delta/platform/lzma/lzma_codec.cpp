#include <memory>

#include <fmt/format.h>
#include <lzma.h>

#include "stratus/delta/platform/codecs.hpp"

namespace stratus::delta::platform {
namespace {

constexpr std::uint64_t kDeepLimit = 8u << 20;

// Without the end mark (six bytes): the recipe knows the length.
lzma_options_lzma options_of(unsigned window_log, std::uint8_t properties, std::uint64_t raw_size) {
  lzma_options_lzma options{};
  lzma_lzma_preset(&options, 9 | LZMA_PRESET_EXTREME);
  options.dict_size = std::uint32_t{1} << window_log;
  options.lc = properties % 9u;
  options.lp = properties / 9u % 5u;
  options.pb = properties / 45u;
  options.nice_len = 273;
  // The deepest search takes a quarter longer for 1 to 2 % less, which adds up where the stream is large.
  options.depth = raw_size > kDeepLimit ? 48 : 1000;
  options.ext_flags = 0;
  options.ext_size_low = static_cast<std::uint32_t>(raw_size);
  options.ext_size_high = static_cast<std::uint32_t>(raw_size >> 32);
  return options;
}

struct Decoder {
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { lzma_end(&stream); }

  lzma_options_lzma options{};
  lzma_stream stream = LZMA_STREAM_INIT;
  ByteSource input;
  Bytes chunk = Bytes(kInputChunk);
  bool primed = false;
  bool input_ended = false;
};

}  // namespace

std::optional<Bytes> lzma_compress(BytesView raw, unsigned window_log, std::uint8_t properties) {
  auto options = options_of(window_log, properties, raw.size());
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA1EXT, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  Bytes out(raw.size() + raw.size() / 8 + 256);
  std::size_t size = 0;
  if (lzma_raw_buffer_encode(filters, nullptr, raw.data(), raw.size(), out.data(), &size, out.size()) !=
      LZMA_OK) {
    return std::nullopt;
  }
  // The range coder's first byte is always zero, and the decoder below puts it back.
  if (size == 0 || out[0] != 0) return std::nullopt;
  return Bytes(out.begin() + 1, out.begin() + static_cast<std::ptrdiff_t>(size));
}

Result<ByteSource> lzma_decoder(const CodecSpec& spec, std::uint64_t raw_size, ByteSource input) {
  auto decoder = std::make_shared<Decoder>();
  decoder->options = options_of(spec.window_log, spec.lzma_properties, raw_size);
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA1EXT, &decoder->options}, {LZMA_VLI_UNKNOWN, nullptr}};
  if (lzma_raw_decoder(&decoder->stream, filters) != LZMA_OK) {
    return fail(ErrorCode::corrupt, "lzma: unacceptable properties");
  }
  decoder->input = std::move(input);
  return ByteSource([decoder](std::span<std::uint8_t> into) -> Result<std::size_t> {
    lzma_stream& stream = decoder->stream;
    stream.next_out = into.data();
    stream.avail_out = into.size();
    while (stream.avail_out > 0) {
      if (stream.avail_in == 0 && !decoder->input_ended) {
        if (!decoder->primed) {
          decoder->chunk[0] = 0;
          stream.avail_in = 1;
          decoder->primed = true;
        } else {
          STRATUS_TRY(count, decoder->input(decoder->chunk));
          decoder->input_ended = count == 0;
          stream.avail_in = count;
        }
        stream.next_in = decoder->chunk.data();
      }
      const std::size_t before = stream.avail_in + stream.avail_out;
      const lzma_ret code = lzma_code(&stream, LZMA_RUN);
      if (code == LZMA_STREAM_END) break;
      if (code != LZMA_OK && code != LZMA_BUF_ERROR) {
        return fail(ErrorCode::corrupt, fmt::format("lzma: error {}", static_cast<int>(code)));
      }
      if (stream.avail_in + stream.avail_out == before && decoder->input_ended) break;
    }
    return into.size() - stream.avail_out;
  });
}

}  // namespace stratus::delta::platform
