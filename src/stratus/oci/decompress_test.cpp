#include "stratus/oci/decompress.hpp"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "stratus/oci/media_types.hpp"

namespace stratus::oci {
namespace {

std::string gzip(const std::string& data) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<unsigned>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& data, int window_log = 0) {
  ZSTD_CCtx* const context = ::ZSTD_createCCtx();
  if (window_log != 0) ::ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  ::ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string out(::ZSTD_compressBound(data.size()), '\0');
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  // In two steps, so that the frame does not learn its content's size and shrink the window.
  EXPECT_FALSE(::ZSTD_isError(::ZSTD_compressStream2(context, &to, &in, ZSTD_e_flush)));
  EXPECT_EQ(::ZSTD_compressStream2(context, &to, &in, ZSTD_e_end), 0u);
  out.resize(to.pos);
  ::ZSTD_freeCCtx(context);
  return out;
}

Result<std::string> read(Compression compression, const std::string& data, std::size_t piece = 1 << 20,
                         DecompressLimits limits = {}) {
  std::string out;
  STRATUS_TRY(reader, Decompressor::create(compression, limits, [&](BytesView bytes) {
                out += as_text(bytes);
                return Result<void>();
              }));
  for (std::size_t at = 0; at < data.size(); at += piece) {
    STRATUS_CHECK(reader->feed(as_bytes(data).subspan(at, std::min(piece, data.size() - at))));
  }
  STRATUS_CHECK(reader->finish());
  return out;
}

std::string sample_text() {
  std::string out;
  for (int i = 0; i < 60000; ++i) out += std::to_string(i * 7919) + "\n";
  return out;
}

TEST(Decompress, ReadsAllForms) {
  const std::string data = sample_text();
  for (const std::size_t piece : {std::size_t{1000}, std::size_t{1} << 20}) {
    EXPECT_EQ(read(Compression::none, data, piece).value(), data);
    EXPECT_EQ(read(Compression::gzip, gzip(data), piece).value(), data);
    EXPECT_EQ(read(Compression::zstd, zstd(data), piece).value(), data);
  }
}

TEST(Decompress, ReadsSeveralMembersAsOne) {
  EXPECT_EQ(read(Compression::gzip, gzip("one") + gzip("two")).value(), "onetwo");
  EXPECT_EQ(read(Compression::zstd, zstd("one") + zstd("two")).value(), "onetwo");
}

TEST(Decompress, RefusesTruncatedAndDamagedData) {
  const std::string data = sample_text();
  for (const auto& [compression, packed] :
       {std::pair(Compression::gzip, gzip(data)), std::pair(Compression::zstd, zstd(data))}) {
    for (const std::size_t length : {std::size_t{0}, std::size_t{5}, packed.size() / 2, packed.size() - 1}) {
      const auto cut = read(compression, packed.substr(0, length));
      ASSERT_FALSE(cut) << length;
      EXPECT_EQ(cut.error().code(), ErrorCode::corrupt);
    }
    std::string damaged = packed;
    damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 0x55);
    EXPECT_EQ(read(compression, damaged).error().code(), ErrorCode::corrupt);
    EXPECT_FALSE(read(compression, packed + "garbage"));
  }
}

TEST(Decompress, StopsBombs) {
  const std::string zeros(8 << 20, '\0');
  DecompressLimits size;
  size.max_output = 1 << 20;
  DecompressLimits ratio;
  ratio.free_output = 1 << 20;
  ratio.max_ratio = 100;
  for (const DecompressLimits& limits : {size, ratio}) {
    EXPECT_EQ(read(Compression::gzip, gzip(zeros), 4096, limits).error().code(), ErrorCode::no_space);
    EXPECT_EQ(read(Compression::zstd, zstd(zeros), 4096, limits).error().code(), ErrorCode::no_space);
  }
  DecompressLimits window;
  window.max_window_log = 20;
  EXPECT_EQ(read(Compression::zstd, zstd(zeros, 22), 4096, window).error().code(), ErrorCode::no_space);
}

TEST(Decompress, PassesOnTheSinksError) {
  auto reader = Decompressor::create(
      Compression::gzip, {}, [](BytesView) -> Result<void> { return fail(ErrorCode::cancelled, "enough"); });
  const std::string packed = gzip("data");
  EXPECT_EQ((*reader)->feed(as_bytes(packed)).error().code(), ErrorCode::cancelled);
}

TEST(Decompress, KnowsFormsByTypeAndByMark) {
  EXPECT_EQ(*compression_of_media_type(media::kLayerTar), Compression::none);
  EXPECT_EQ(*compression_of_media_type(media::kLayerGzip), Compression::gzip);
  EXPECT_EQ(*compression_of_media_type(media::kDockerLayer), Compression::gzip);
  EXPECT_EQ(*compression_of_media_type(media::kLayerZstd), Compression::zstd);
  EXPECT_FALSE(compression_of_media_type("application/vnd.oci.image.layer.v1.tar+gzip+encrypted"));
  const std::string packed_gzip = gzip("x"), packed_zstd = zstd("x");
  EXPECT_EQ(detect_compression(as_bytes(packed_gzip)), Compression::gzip);
  EXPECT_EQ(detect_compression(as_bytes(packed_zstd)), Compression::zstd);
  EXPECT_EQ(detect_compression(as_bytes("plain")), Compression::none);
  EXPECT_EQ(detect_compression({}), Compression::none);
}

}  // namespace
}  // namespace stratus::oci
