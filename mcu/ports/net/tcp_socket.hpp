// One TCP connection over lwIP's callbacks, turned into non-blocking reads and writes.
#pragma once

#include <stdint.h>

struct tcp_pcb;
struct pbuf;

namespace stratus::mcu::net {

// What a board gives: moves frames and timers on, sleeps until there may be something new, and its own time.
struct Network {
  void (*poll)();
  void (*rest)();  // a few milliseconds at most; in every wait, after poll()
  uint32_t (*millis)();
};

class TcpSocket {
 public:
  TcpSocket(const Network& network, uint32_t address, uint16_t port)
      : network_(network), address_(address), port_(port) {}

  bool open(uint32_t timeout_ms);  // waits
  // Bytes taken or sent; 0: none now; negative: the connection has ended.
  int32_t receive(void* to, uint32_t size);
  int32_t send(const void* from, uint32_t size);
  void close();
  bool has_ended() const { return ended_ || pcb_ == nullptr; }  // what came before may still be received
  const Network& network() const { return network_; }

 private:
  friend struct Callbacks;
  const Network& network_;
  uint32_t address_;  // as 0x0a000202 for 10.0.2.2
  uint16_t port_;
  tcp_pcb* pcb_ = nullptr;
  pbuf* received_ = nullptr;
  uint16_t taken_ = 0;  // bytes of the first buffer that were read
  bool connected_ = false, ended_ = false;
};

}  // namespace stratus::mcu::net
