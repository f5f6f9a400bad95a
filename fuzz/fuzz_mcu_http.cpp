// HTTP answers to the device's client, in pieces of a size that the input chooses: never more body than asked
// for.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "stratus/mcu/http.hpp"

namespace {
struct Script final : stratus::mcu::Stream {
  const std::uint8_t* data = nullptr;
  std::size_t left = 0, piece = 1;
  bool open() override { return true; }
  std::int32_t read(void* to, std::uint32_t size) override {
    const std::size_t n = std::min({piece, left, static_cast<std::size_t>(size)});
    memcpy(to, data, n);
    data += n;
    left -= n;
    return static_cast<std::int32_t>(n);
  }
  bool readable() override { return true; }
  bool write(const void*, std::uint32_t) override { return true; }
  void close() override {}
};
struct Count final : stratus::mcu::ByteSink {
  std::uint32_t total = 0;
  bool write(const std::uint8_t*, std::uint32_t size) override {
    total += size;
    return true;
  }
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::mcu;
  if (size < 1) return 0;
  Script stream;
  stream.piece = 1 + data[0] % 64;
  stream.data = data + 1;
  stream.left = size - 1;
  HttpClient client(stream, "host");
  const ByteRange range{2, 5, 10};
  const bool ranged = (data[0] & 0x40) != 0;
  Count sink;
  std::uint32_t received = 0;
  const Cause cause = client.get("/x", ranged ? &range : nullptr, 100, sink, received);
  if (sink.total != received || received > 100 || (ranged && cause == Cause::ok && received != 4))
    std::abort();
  return 0;
}
