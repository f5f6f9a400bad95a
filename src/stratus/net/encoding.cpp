#include "stratus/net/encoding.hpp"

#include <array>
#include <memory>

#include <brotli/decode.h>
#include <brotli/encode.h>

namespace stratus::net {
namespace {

constexpr std::size_t kSmall = 64 * 1024;
constexpr std::size_t kCacheBytes = 1u << 20;

const std::uint8_t* unsigned_data(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

std::optional<std::string> brotli_compress(std::string_view text) {
  const int quality = text.size() <= kSmall ? BROTLI_MAX_QUALITY : 5;
  std::string out(BrotliEncoderMaxCompressedSize(text.size()), '\0');
  std::size_t size = out.size();
  if (BrotliEncoderCompress(quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, text.size(),
                            unsigned_data(text), &size,
                            reinterpret_cast<std::uint8_t*>(out.data())) != BROTLI_TRUE)
    return std::nullopt;
  if (size >= text.size()) return std::nullopt;
  out.resize(size);
  return out;
}

Result<std::string> brotli_decompress(std::string_view data, std::size_t limit) {
  struct Destroy {
    void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
  };
  const std::unique_ptr<BrotliDecoderState, Destroy> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
  std::string out;
  const std::uint8_t* next_in = unsigned_data(data);
  std::size_t available_in = data.size();
  std::array<std::uint8_t, 16384> piece{};
  for (;;) {
    std::uint8_t* next_out = piece.data();
    std::size_t available_out = piece.size();
    const auto result = BrotliDecoderDecompressStream(state.get(), &available_in, &next_in, &available_out,
                                                      &next_out, nullptr);
    out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - available_out);
    if (out.size() > limit) return fail(ErrorCode::no_space, "brotli text is longer than its limit");
    if (result == BROTLI_DECODER_RESULT_SUCCESS) {
      if (available_in != 0) return fail(ErrorCode::corrupt, "bytes after the end of the brotli stream");
      return out;
    }
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT)
      return fail(ErrorCode::corrupt, "not a whole brotli stream");
  }
}

const std::string* BrotliCache::find(const std::string& body) {
  const auto known = by_body_.find(body);
  if (known == by_body_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, known->second);
  return &entries_.front().encoded;
}

const std::string& BrotliCache::encode(const std::string& body) {
  if (const std::string* const known = find(body)) return *known;
  return put(body, brotli_compress(body).value_or(std::string()));
}

const std::string& BrotliCache::put(const std::string& body, std::string encoded) {
  if (const std::string* const known = find(body)) return *known;
  Entry entry{body, std::move(encoded)};
  bytes_ += entry.body.size() + entry.encoded.size();
  entries_.push_front(std::move(entry));
  by_body_.emplace(entries_.front().body, entries_.begin());
  while (bytes_ > kCacheBytes && entries_.size() > 1) {
    bytes_ -= entries_.back().body.size() + entries_.back().encoded.size();
    by_body_.erase(entries_.back().body);
    entries_.pop_back();
  }
  return entries_.front().encoded;
}

}  // namespace stratus::net
