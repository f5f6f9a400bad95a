// Reads a tar stream that is pushed into it, in pieces of any size, without I/O of its own.
//
// Hostile input: every number is range-checked, extended headers are bounded (1 MiB each), the header
// checksum is verified, what is not a well-formed archive is `corrupt`, and well-formed entries that no layer
// holds (sparse files, multi-volume parts) are `invalid`. Paths are passed on as they stand: deciding where
// they may lead is the visitor's job (see oci/unpack.hpp).
#pragma once

#include <cstdint>
#include <memory>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/oci/tar_entry.hpp"

namespace stratus::oci {

class TarVisitor {
 public:
  virtual ~TarVisitor() = default;
  // `data_offset`: where in the stream the entry's data begins (or would begin).
  virtual Result<void> begin_entry(const TarEntry& entry, std::uint64_t data_offset) = 0;
  virtual Result<void> entry_data(BytesView data) = 0;  // the entry's bytes in order, in pieces
  virtual Result<void> end_entry() = 0;
};

class TarParser {
 public:
  // The visitor must outlive the parser.
  explicit TarParser(TarVisitor& visitor);
  ~TarParser();

  // After an error the parser is done: every later call answers the same error.
  Result<void> feed(BytesView data);
  // `corrupt` unless the archive was complete: two zero blocks, or the end right after an entry (some writers
  // leave out one or both zero blocks, umoci insert also the padding before them). Bytes after the end mark
  // are ignored only when they are zero.
  Result<void> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stratus::oci
