// Writes a tar stream: the same entries give the same bytes. ustar headers; pax records only for what does
// not fit (names over 100 bytes, large numbers, times before 1970 or finer than a second, attributes).
#pragma once

#include <cstdint>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/sink.hpp"
#include "stratus/oci/tar_entry.hpp"

namespace stratus::oci {

class TarWriter {
 public:
  explicit TarWriter(ByteSink sink) : sink_(std::move(sink)) {}

  // Headers of the next member; a file is followed by exactly entry.size bytes of data().
  Result<void> begin(const TarEntry& entry);
  Result<void> data(BytesView bytes);
  Result<void> end();     // `internal` unless all bytes were given
  Result<void> finish();  // the end mark

 private:
  ByteSink sink_;
  std::uint64_t size_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace stratus::oci
