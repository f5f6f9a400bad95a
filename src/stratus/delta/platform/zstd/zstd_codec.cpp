#include <memory>

#include <fmt/format.h>
#include <zstd.h>

#include "stratus/delta/platform/codecs.hpp"

namespace stratus::delta::platform {
namespace {

struct Decoder {
  struct Free {
    void operator()(ZSTD_DCtx* owned) const { ZSTD_freeDCtx(owned); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context{ZSTD_createDCtx()};
  ByteSource input;
  Bytes chunk = Bytes(kInputChunk);
  ZSTD_inBuffer pending{chunk.data(), 0, 0};
  bool input_ended = false;
};

}  // namespace

std::optional<Bytes> zstd_compress(BytesView raw, unsigned window_log, int level) {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  if (!context) return std::nullopt;
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, static_cast<int>(window_log));
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 0);
  Bytes out(ZSTD_compressBound(raw.size()));
  const std::size_t size = ZSTD_compress2(context.get(), out.data(), out.size(), raw.data(), raw.size());
  if (ZSTD_isError(size) != 0) return std::nullopt;
  out.resize(size);
  return out;
}

Result<ByteSource> zstd_decoder(const CodecSpec& spec, ByteSource input) {
  auto decoder = std::make_shared<Decoder>();
  if (!decoder->context) return fail(ErrorCode::internal, "zstd: no memory for a decoder");
  ZSTD_DCtx_setParameter(decoder->context.get(), ZSTD_d_windowLogMax, static_cast<int>(spec.window_log));
  decoder->input = std::move(input);
  return ByteSource([decoder](std::span<std::uint8_t> into) -> Result<std::size_t> {
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    while (out.pos < out.size) {
      if (decoder->pending.pos == decoder->pending.size && !decoder->input_ended) {
        STRATUS_TRY(count, decoder->input(decoder->chunk));
        decoder->input_ended = count == 0;
        decoder->pending = {decoder->chunk.data(), count, 0};
      }
      const std::size_t before = out.pos + decoder->pending.pos;
      const std::size_t code = ZSTD_decompressStream(decoder->context.get(), &out, &decoder->pending);
      if (ZSTD_isError(code) != 0) {
        return fail(ErrorCode::corrupt, fmt::format("zstd: {}", ZSTD_getErrorName(code)));
      }
      const bool stuck = out.pos + decoder->pending.pos == before;
      if (stuck && decoder->input_ended) break;
    }
    return out.pos;
  });
}

}  // namespace stratus::delta::platform
