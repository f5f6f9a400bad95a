// The LAN9118 Ethernet controller of the MPS2 boards, polled.
#pragma once

#include "ports/net/interface.hpp"

namespace stratus::mcu::mps2 {

class Lan9118 final : public net::Ethernet {
 public:
  bool start(const uint8_t mac[6]);
  uint32_t waiting() override;
  void take(uint8_t* to, uint32_t size) override;
  void drop(uint32_t size) override;
  bool send(const uint8_t* frame, uint32_t size) override;
};

}  // namespace stratus::mcu::mps2
