#include "ports/mps2_an385/lan9118.hpp"

#include "ports/mps2_an385/board.hpp"

namespace stratus::mcu::mps2 {
namespace {

// Registers by their names in the data sheet.
constexpr uint32_t kBase = 0x40200000;
constexpr uint32_t kRxData = kBase + 0x00, kTxData = kBase + 0x20, kRxStatus = kBase + 0x40;
constexpr uint32_t kHwConfig = kBase + 0x74, kRxInfo = kBase + 0x7c, kTxInfo = kBase + 0x80;
constexpr uint32_t kTxConfig = kBase + 0x70, kMacCommand = kBase + 0xa4, kMacData = kBase + 0xa8;
constexpr uint32_t kTxStatus = kBase + 0x48;

void write_mac(uint32_t index, uint32_t value) {
  wr(kMacData, value);
  wr(kMacCommand, 0x80000000u | index);
  while ((rd(kMacCommand) & 0x80000000u) != 0) {
  }
}

}  // namespace

bool Lan9118::start(const uint8_t mac[6]) {
  wr(kHwConfig, 1);  // soft reset
  for (uint32_t i = 0; (rd(kHwConfig) & 1) != 0; ++i) {
    if (i == 100'000) return false;
  }
  wr(kHwConfig, 0x00050000);  // transmit whole frames, 5 KB for sending
  write_mac(3, load32(mac));
  write_mac(2, mac[4] | static_cast<uint32_t>(mac[5]) << 8);
  write_mac(1, 0x0010000c);  // full duplex, transmitter, receiver
  wr(kTxConfig, 2);
  return true;
}

uint32_t Lan9118::waiting() {
  while ((rd(kTxInfo) >> 16 & 0xff) != 0) rd(kTxStatus);  // what was sent interests nobody
  while ((rd(kRxInfo) >> 16 & 0xff) != 0) {
    const uint32_t status = rd(kRxStatus);
    const uint32_t size = status >> 16 & 0x3fff;
    if ((status & 0x8000) == 0 && size > 4) return size;  // with its checksum
    drop(size);
  }
  return 0;
}

void Lan9118::take(uint8_t* to, uint32_t size) {
  for (uint32_t at = 0; at < size; at += 4) {
    const uint32_t word = rd(kRxData);
    memcpy(to + at, &word, 4);
  }
}

void Lan9118::drop(uint32_t size) {
  for (uint32_t at = 0; at < size; at += 4) rd(kRxData);
}

bool Lan9118::send(const uint8_t* frame, uint32_t size) {
  if ((rd(kTxInfo) & 0xffff) < size + 16) return false;
  wr(kTxData, 0x3000 | size);  // first and last piece
  wr(kTxData, size);
  for (uint32_t at = 0; at < size; at += 4) {
    uint32_t word = 0;
    memcpy(&word, frame + at, size - at < 4 ? size - at : 4);
    wr(kTxData, word);
  }
  return true;
}

}  // namespace stratus::mcu::mps2
