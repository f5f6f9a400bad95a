// The board's network, by the name that the firmware knows.
#pragma once

#include "ports/riscv_virt/virtio_net.hpp"

namespace stratus::mcu::board {
using EthernetPort = riscv_virt::VirtioNet;
}
