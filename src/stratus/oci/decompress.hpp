// Uncompresses a layer blob on the way: tar, tar+gzip and tar+zstd go in, the tar comes out.
//
// Bounded against bombs: output bytes, the ratio of output to input, and the window that zstd may ask for
// (its memory). Pushed, one thread, no I/O of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/sink.hpp"

namespace stratus::oci {

enum class Compression : std::uint8_t { none, gzip, zstd };

// `invalid` for anything that is not a layer of files (foreign layers, encrypted layers, artifacts).
Result<Compression> compression_of_media_type(std::string_view media_type);
// From the first bytes of a file: gzip and zstd have marks, everything else counts as none.
Compression detect_compression(BytesView first_bytes);

struct DecompressLimits {
  std::uint64_t max_output = 16ull << 30;
  // More than this many times the input is taken for a bomb, once `free_output` bytes have come out.
  std::uint64_t max_ratio = 1000;
  std::uint64_t free_output = 1ull << 30;
  unsigned max_window_log = 27;  // of zstd: 2^27 = 128 MiB of memory
};

class Decompressor {
 public:
  virtual ~Decompressor() = default;
  // `corrupt` for damaged data, `no_space` beyond a limit, or the sink's error. Not used again after an
  // error.
  virtual Result<void> feed(BytesView data) = 0;
  // `corrupt` unless the stream was complete.
  virtual Result<void> finish() = 0;

  static Result<std::unique_ptr<Decompressor>> create(Compression compression, const DecompressLimits& limits,
                                                      ByteSink sink);
};

}  // namespace stratus::oci
