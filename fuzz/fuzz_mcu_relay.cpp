// What comes over the serial line to a second board: any bytes, in any pieces. It must stay alive, keep to
// its flash's rules, and run only what its own key signed, which nothing here can.
#include <algorithm>
#include <cstdlib>

#include "host/memory_flash.hpp"

#include "stratus/mcu/relay.hpp"
#include "stratus/mcu/software_crypto.hpp"

namespace {
using namespace stratus::mcu;

struct Line final : Stream {
  const std::uint8_t* at;
  std::size_t left;
  bool open() override { return true; }
  void close() override {}
  bool readable() override { return left != 0; }
  std::int32_t read(void* to, std::uint32_t size) override {
    const std::size_t n = std::min<std::size_t>(size, left);
    std::copy_n(at, n, static_cast<std::uint8_t*>(to));
    at += n;
    left -= n;
    return static_cast<std::int32_t>(n);
  }
  bool write(const void*, std::uint32_t) override { return true; }
};
struct Still final : Clock {
  std::uint32_t millis() override { return 0; }
  std::uint32_t unix_time() override { return 0; }
};
}  // namespace

// A leading 0xFF: the rest is words without frame (type, size, payload), so that the CRC is no wall.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr FlashLayout kLayout = {0, {2 * 4096, 6 * 4096}, 4 * 4096};
  host::MemoryFlash flash(10 * 4096, 4096, 4);
  const std::uint8_t key[64] = {1};
  SoftwareCrypto crypto(key);
  Still clock;
  Journal journal(flash, kLayout.journal);
  journal.mount();
  const std::uint8_t board[16] = {};
  Updater updater(flash, kLayout, journal, crypto, board);
  Line line;
  RelayPeer peer({line, flash, kLayout, updater, crypto, clock, nullptr});
  std::vector<std::uint8_t> framed;
  if (size != 0 && data[0] == 0xff) {
    struct Collect final : Stream {
      std::vector<std::uint8_t>* to;
      bool open() override { return true; }
      void close() override {}
      bool readable() override { return false; }
      std::int32_t read(void*, std::uint32_t) override { return -1; }
      bool write(const void* from, std::uint32_t n) override {
        const auto* bytes = static_cast<const std::uint8_t*>(from);
        to->insert(to->end(), bytes, bytes + n);
        return true;
      }
    } collect;
    collect.to = &framed;
    for (std::size_t at = 1; at + 2 <= size;) {
      const std::size_t n = std::min<std::size_t>({data[at + 1], kRelayPayload, size - at - 2});
      relay_send(collect, data[at], 0, data + at + 2, static_cast<std::uint32_t>(n));
      at += 2 + n;
    }
    data = framed.data();
    size = framed.size();
  }
  line.at = data;
  line.left = size;
  while (line.left != 0 && !peer.poll()) {
  }
  if (flash.bits_set != 0 || updater.state().state == State::staged) std::abort();
  return 0;
}
