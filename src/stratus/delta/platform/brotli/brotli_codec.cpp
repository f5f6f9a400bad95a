#include <cstdlib>
#include <memory>

#include <brotli/decode.h>
#include <brotli/encode.h>

#include "stratus/delta/platform/codecs.hpp"

namespace stratus::delta::platform {
namespace {

// The stream itself says how large its window is, so the bound is kept by the allocator.
struct Budget {
  static constexpr std::size_t kHeader = 16;  // keeps malloc's alignment
  std::uint64_t left;

  static void* allocate(void* self, std::size_t size) {
    auto* const budget = static_cast<Budget*>(self);
    if (size > budget->left) return nullptr;
    auto* const block = static_cast<std::uint8_t*>(std::malloc(size + kHeader));
    if (block == nullptr) return nullptr;
    *reinterpret_cast<std::size_t*>(block) = size;
    budget->left -= size;
    return block + kHeader;
  }
  static void release(void* self, void* pointer) {
    if (pointer == nullptr) return;
    auto* const block = static_cast<std::uint8_t*>(pointer) - kHeader;
    static_cast<Budget*>(self)->left += *reinterpret_cast<std::size_t*>(block);
    std::free(block);
  }
};

struct Decoder {
  explicit Decoder(std::uint64_t memory) : budget{memory} {
    state = BrotliDecoderCreateInstance(&Budget::allocate, &Budget::release, &budget);
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { BrotliDecoderDestroyInstance(state); }

  Budget budget;
  BrotliDecoderState* state;
  ByteSource input;
  Bytes chunk = Bytes(kInputChunk);
  const std::uint8_t* next = nullptr;
  std::size_t available = 0;
};

}  // namespace

std::optional<Bytes> brotli_compress(BytesView raw, unsigned window_log, bool text) {
  Bytes out(BrotliEncoderMaxCompressedSize(raw.size()) + 16);
  std::size_t size = out.size();
  if (BrotliEncoderCompress(BROTLI_MAX_QUALITY, static_cast<int>(window_log),
                            text ? BROTLI_MODE_TEXT : BROTLI_MODE_GENERIC, raw.size(), raw.data(), &size,
                            out.data()) == BROTLI_FALSE) {
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

Result<ByteSource> brotli_decoder(const CodecSpec& spec, ByteSource input) {
  auto decoder = std::make_shared<Decoder>(spec.memory_bytes());
  if (decoder->state == nullptr) return fail(ErrorCode::internal, "brotli: no memory for a decoder");
  decoder->input = std::move(input);
  return ByteSource([decoder](std::span<std::uint8_t> into) -> Result<std::size_t> {
    std::uint8_t* out = into.data();
    std::size_t room = into.size();
    while (room > 0) {
      const BrotliDecoderResult result = BrotliDecoderDecompressStream(decoder->state, &decoder->available,
                                                                       &decoder->next, &room, &out, nullptr);
      if (result == BROTLI_DECODER_RESULT_SUCCESS) break;
      if (result == BROTLI_DECODER_RESULT_ERROR) {
        return fail(
            ErrorCode::corrupt,
            std::string("brotli: ") + BrotliDecoderErrorString(BrotliDecoderGetErrorCode(decoder->state)));
      }
      if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) {
        STRATUS_TRY(count, decoder->input(decoder->chunk));
        if (count == 0) break;
        decoder->next = decoder->chunk.data();
        decoder->available = count;
      }
    }
    return into.size() - room;
  });
}

}  // namespace stratus::delta::platform
