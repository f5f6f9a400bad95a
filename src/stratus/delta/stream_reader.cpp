#include "stratus/delta/stream_reader.hpp"

#include <algorithm>

#include "stratus/delta/varint.hpp"

namespace stratus::delta {
namespace {

constexpr std::size_t kBuffer = 8u << 10;

tl::unexpected<Error> ended() { return fail(ErrorCode::corrupt, "a stream of the recipe ends too early"); }

}  // namespace

StreamReader::StreamReader(std::uint64_t size, ByteSource source)
    : source_(std::move(source)), unread_(size) {}

StreamReader::StreamReader(BytesView memory) : data_(memory.data()), end_(memory.size()) {}

Result<void> StreamReader::refill() {
  if (unread_ == 0) return ended();
  buffer_.resize(kBuffer);
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(kBuffer, unread_));
  STRATUS_TRY(count, source_(std::span(buffer_).first(want)));
  if (count == 0) return ended();
  data_ = buffer_.data();
  next_ = 0;
  end_ = count;
  unread_ -= count;
  return {};
}

Result<std::uint64_t> StreamReader::varint() {
  VarintDecoder decoder;
  for (;;) {
    if (next_ == end_) STRATUS_CHECK(refill());
    switch (decoder.push(data_[next_++])) {
      case VarintDecoder::Step::more:
        break;
      case VarintDecoder::Step::done:
        return decoder.value();
      case VarintDecoder::Step::malformed:
        return fail(ErrorCode::corrupt, "malformed number in the recipe");
    }
  }
}

Result<void> StreamReader::bytes(std::span<std::uint8_t> into) {
  while (!into.empty()) {
    if (next_ == end_) {
      if (into.size() >= kBuffer && into.size() <= unread_) {
        STRATUS_TRY(count, source_(into));  // large pieces without the copy
        if (count == 0) return ended();
        unread_ -= count;
        into = into.subspan(count);
        continue;
      }
      STRATUS_CHECK(refill());
    }
    const std::size_t count = std::min(into.size(), end_ - next_);
    std::copy_n(data_ + next_, count, into.begin());
    next_ += count;
    into = into.subspan(count);
  }
  return {};
}

}  // namespace stratus::delta
