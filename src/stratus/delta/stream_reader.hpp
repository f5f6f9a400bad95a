// Reads one stream of a recipe: bytes and varints out of whatever unpacks them, never past the stated length.
#pragma once

#include <cstdint>
#include <utility>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/sink.hpp"

namespace stratus::delta {

class StreamReader {
 public:
  StreamReader() = default;  // an empty stream
  StreamReader(std::uint64_t size, ByteSource source);
  // The bytes must outlive the reader.
  explicit StreamReader(BytesView memory);

  std::uint64_t remaining() const { return unread_ + (end_ - next_); }
  bool at_end() const { return remaining() == 0; }

  // Every call is `corrupt` when the stream ends before it has what was asked for.
  Result<std::uint64_t> varint();
  Result<void> bytes(std::span<std::uint8_t> into);

 private:
  Result<void> refill();

  ByteSource source_;
  Bytes buffer_;
  const std::uint8_t* data_ = nullptr;
  std::size_t next_ = 0, end_ = 0;  // what of `data_` is not yet taken
  std::uint64_t unread_ = 0;        // what `source_` still owes
};

}  // namespace stratus::delta
