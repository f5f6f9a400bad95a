// The board's network, by the name that the firmware knows.
#pragma once

#include "ports/mps2_an385/lan9118.hpp"

namespace stratus::mcu::board {
using EthernetPort = mps2::Lan9118;
}
