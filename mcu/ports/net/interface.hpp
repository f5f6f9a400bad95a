// lwIP with one Ethernet interface and a fixed address.
#pragma once

#include "ports/net/tcp_socket.hpp"

#include "stratus/mcu/ports.hpp"

namespace stratus::mcu::net {

// An Ethernet controller that is asked, not one that interrupts.
class Ethernet {
 public:
  // Bytes of the next frame, 0: none. It must be taken or dropped before the next question.
  virtual uint32_t waiting() = 0;
  // In pieces, in order, until all of it was taken; each but the last of whole words. Whole words may be
  // written.
  virtual void take(uint8_t* to, uint32_t size) = 0;
  virtual void drop(uint32_t size) = 0;  // all of it
  virtual bool send(const uint8_t* frame, uint32_t size) = 0;

 protected:
  ~Ethernet() = default;
};

struct Address {
  uint32_t own, mask, router;  // as 0x0a00020f for 10.0.2.15
  uint8_t mac[6];
};

// Once. All must live for ever. `rest` sleeps until a frame has come, or a few milliseconds.
const Network& start(Ethernet& ethernet, Clock& clock, Entropy& entropy, Watchdog* watchdog,
                     const Address& address, void (*rest)());

}  // namespace stratus::mcu::net
