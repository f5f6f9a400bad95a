#include "stratus/oci/decompress.hpp"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "stratus/oci/media_types.hpp"

namespace stratus::oci {
namespace {

constexpr std::size_t kReadBuffer = 128u << 10;

// Counts what comes out and stops it at the limits.
class Meter {
 public:
  Meter(const DecompressLimits& limits, ByteSink sink) : limits_(limits), sink_(std::move(sink)) {}
  void took(std::size_t count) { input_ += count; }
  Result<void> give(BytesView data) {
    if (data.empty()) return {};
    output_ += data.size();
    if (output_ > limits_.max_output) {
      return fail(ErrorCode::no_space,
                  fmt::format("the layer is larger than the {} bytes allowed", limits_.max_output));
    }
    if (output_ > limits_.free_output && output_ / limits_.max_ratio > input_) {
      return fail(
          ErrorCode::no_space,
          fmt::format("{} bytes became more than {}: taken for a decompression bomb", input_, output_));
    }
    return sink_(data);
  }

 private:
  DecompressLimits limits_;
  ByteSink sink_;
  std::uint64_t input_ = 0, output_ = 0;
};

class PlainReader : public Decompressor {
 public:
  explicit PlainReader(Meter meter) : meter_(std::move(meter)) {}
  Result<void> feed(BytesView data) override {
    meter_.took(data.size());
    return meter_.give(data);
  }
  Result<void> finish() override { return {}; }

 private:
  Meter meter_;
};

class GzipReader : public Decompressor {
 public:
  explicit GzipReader(Meter meter) : meter_(std::move(meter)), buffer_(kReadBuffer) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    ready_ = ::inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  ~GzipReader() override { ::inflateEnd(&stream_); }
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  Result<void> feed(BytesView data) override {
    if (!ready_) return fail(ErrorCode::internal, "gzip: out of memory");
    while (!data.empty()) {
      if (between_members_) {  // several members in a row are one file (RFC 1952, section 2.2)
        ::inflateReset(&stream_);
        between_members_ = false;
      }
      const auto piece = static_cast<unsigned>(std::min<std::size_t>(data.size(), 1u << 30));
      stream_.next_in = const_cast<Bytef*>(data.data());
      stream_.avail_in = piece;
      STRATUS_CHECK(run());
      data = data.subspan(piece - stream_.avail_in);
    }
    return {};
  }
  Result<void> finish() override {
    if (!between_members_) return fail(ErrorCode::corrupt, "gzip data ends in the middle");
    return {};
  }

 private:
  Result<void> run() {
    for (;;) {
      const unsigned before = stream_.avail_in;
      stream_.next_out = buffer_.data();
      stream_.avail_out = static_cast<unsigned>(buffer_.size());
      const int code = ::inflate(&stream_, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        return fail(ErrorCode::corrupt, fmt::format("damaged gzip data: {}",
                                                    stream_.msg != nullptr ? stream_.msg : "bad stream"));
      }
      meter_.took(before - stream_.avail_in);
      STRATUS_CHECK(meter_.give(BytesView(buffer_).first(buffer_.size() - stream_.avail_out)));
      if (code == Z_STREAM_END) {
        between_members_ = true;
        return {};
      }
      if (stream_.avail_in == 0 && stream_.avail_out != 0) return {};
    }
  }

  Meter meter_;
  Bytes buffer_;
  z_stream stream_{};
  bool ready_ = false, between_members_ = false;
};

class ZstdReader : public Decompressor {
 public:
  ZstdReader(Meter meter, unsigned max_window_log) : meter_(std::move(meter)), buffer_(kReadBuffer) {
    if (context_ != nullptr) {
      ::ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, static_cast<int>(max_window_log));
    }
  }
  ~ZstdReader() override { ::ZSTD_freeDCtx(context_); }
  ZstdReader(const ZstdReader&) = delete;
  ZstdReader& operator=(const ZstdReader&) = delete;

  Result<void> feed(BytesView data) override {
    if (context_ == nullptr) return fail(ErrorCode::internal, "zstd: out of memory");
    ZSTD_inBuffer in{data.data(), data.size(), 0};
    bool full = false;
    while (in.pos < in.size || full) {
      const std::size_t before = in.pos;
      ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
      const std::size_t left = ::ZSTD_decompressStream(context_, &out, &in);
      if (::ZSTD_isError(left) != 0) {
        const bool window = ::ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge;
        return fail(window ? ErrorCode::no_space : ErrorCode::corrupt,
                    fmt::format("zstd data: {}", ::ZSTD_getErrorName(left)));
      }
      complete_ = left == 0;
      full = out.pos == out.size && left != 0;
      meter_.took(in.pos - before);
      STRATUS_CHECK(meter_.give(BytesView(buffer_).first(out.pos)));
    }
    return {};
  }
  Result<void> finish() override {
    if (!complete_) return fail(ErrorCode::corrupt, "zstd data ends in the middle");
    return {};
  }

 private:
  Meter meter_;
  Bytes buffer_;
  ZSTD_DCtx* context_ = ::ZSTD_createDCtx();
  bool complete_ = false;
};

}  // namespace

Result<Compression> compression_of_media_type(std::string_view type) {
  if (type == media::kLayerZstd) return Compression::zstd;
  if (type == media::kLayerGzip || type == media::kDockerLayer) return Compression::gzip;
  if (type == media::kLayerTar || type == "application/vnd.docker.image.rootfs.diff.tar")
    return Compression::none;
  if (type == "application/vnd.docker.image.rootfs.diff.tar.zstd") return Compression::zstd;
  return fail(ErrorCode::invalid,
              fmt::format("'{}' is not a layer that can be unpacked (tar, tar+gzip and tar+zstd can)", type));
}

Compression detect_compression(BytesView first) {
  if (first.size() >= 3 && first[0] == 0x1f && first[1] == 0x8b && first[2] == 8) return Compression::gzip;
  if (first.size() >= 4 && first[1] == 0xb5 && first[2] == 0x2f && first[3] == 0xfd && first[0] == 0x28) {
    return Compression::zstd;
  }
  // A skippable frame in front (zstd:chunked and seekable writers).
  if (first.size() >= 4 && (first[0] & 0xf0) == 0x50 && first[1] == 0x2a && first[2] == 0x4d &&
      first[3] == 0x18) {
    return Compression::zstd;
  }
  return Compression::none;
}

Result<std::unique_ptr<Decompressor>> Decompressor::create(Compression compression,
                                                           const DecompressLimits& limits, ByteSink sink) {
  Meter meter(limits, std::move(sink));
  switch (compression) {
    case Compression::none:
      return std::unique_ptr<Decompressor>(new PlainReader(std::move(meter)));
    case Compression::gzip:
      return std::unique_ptr<Decompressor>(new GzipReader(std::move(meter)));
    case Compression::zstd:
      return std::unique_ptr<Decompressor>(new ZstdReader(std::move(meter), limits.max_window_log));
  }
  return fail(ErrorCode::internal, "unknown compression");
}

}  // namespace stratus::oci
