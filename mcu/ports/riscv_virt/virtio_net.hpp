// The virtio network device of QEMU's machine, polled: one frame that comes in, one that goes out. There is
// only one such object.
#pragma once

#include "ports/net/interface.hpp"

namespace stratus::mcu::riscv_virt {

class VirtioNet final : public net::Ethernet {
 public:
  bool start(const uint8_t mac[6]);  // any address will do: the device passes all frames on
  uint32_t waiting() override;
  void take(uint8_t* to, uint32_t size) override;
  void drop(uint32_t size) override;
  bool send(const uint8_t* frame, uint32_t size) override;

 private:
  uint32_t base_ = 0;
};

}  // namespace stratus::mcu::riscv_virt
